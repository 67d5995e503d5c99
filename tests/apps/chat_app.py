"""Chat apps of every shape, each under a path of its own; one text for every Gradio generation.

python chat_app.py --port 7860, then http://127.0.0.1:7860/interface and so on
"""
import argparse
import inspect
import os
import time

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import fastapi
import gradio as gr
import uvicorn

V = tuple(int(part) for part in gr.__version__.split(".")[:2])
MESSAGES = {"type": "messages"} if (4, 44) <= V < (6, 0) else {}
PICTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "red.png")
TUPLES = {"type": "tuples"} if (4, 44) <= V < (6, 0) else {}


def fitting(cls, *args, **options):
    """Make it with the options that this release knows."""
    known = inspect.signature(cls.__init__).parameters
    return cls(*args, **{name: value for name, value in options.items() if name in known})


def text_of(content):
    """The text of a message, whatever the release makes of it."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def turns(history):
    """The texts of a history of messages or pairs."""
    texts = []
    for turn in history or []:
        texts += [text_of(turn["content"])] if isinstance(turn, dict) else [text_of(part) for part in turn if part]
    return texts


def words(text):
    for end in range(1, len(text.split()) + 1):
        time.sleep(0.02)
        yield " ".join(text.split()[:end])


def recall(message, history):
    return f"{message} after {len(history or [])} turns: {' / '.join(turns(history))}"


def stream(message, history):
    if message == "fail":
        raise gr.Error("the model is out")
    yield from words(recall(message, history))


def tuned(message, history, system, length):
    return f"{system}: {message} ({length:g})"


def look(message, history):
    names = [os.path.basename(file["path"] if isinstance(file, dict) else file) for file in message["files"]]
    return f"{message['text']} with {', '.join(names)}"


def entry(role, content):
    return {"role": role, "content": content}


def respond(message, history):
    """The textbook: the chat streams while the textbox is cleared."""
    answer = recall(message, history)
    for part in words(answer):
        yield "", [*(history or []), entry("user", message), entry("assistant", part)]


def respond_in_pairs(message, history):
    for part in words(recall(message, history)):
        yield "", [*(history or []), [message, part]]


def ask(message, history):
    return "", [*(history or []), entry("user", message)]


def answer_last(history):
    *earlier, last = history
    for part in words(recall(text_of(last["content"]), earlier)):
        yield [*history, entry("assistant", part)]


def remember(message, kept):
    kept = [*(kept or []), [message, recall(message, kept)]]
    return [entry(role, text) for pair in kept for role, text in zip(("user", "assistant"), pair, strict=True)], kept


def remember_pairs(message, kept):
    kept = [*(kept or []), [message, recall(message, kept)]]
    return kept, kept


def think(message, history):
    thought = {**entry("assistant", "hm"), "metadata": {"title": "Thinking"}}
    yield [*history, entry("user", message), thought], ""
    yield [*history, entry("user", message), thought, entry("assistant", f"so {message}")], ""


def think_aloud(message, history):
    """A thought, and then with it the answer; a text with tags; or a thought alone."""
    thought = {**entry("assistant", "hm"), "metadata": {"title": "Thinking"}}
    if message == "tags":
        yield "<think>hm"
        yield "<think>hm</think>so tags"
        return
    yield thought
    if message != "only":
        yield [thought, entry("assistant", "so")]
        yield [thought, entry("assistant", f"so {message}")]


def draw(message, history):
    """Answers with a picture, and says which files the conversation has."""
    said = [entry("assistant", recall(message, history)), entry("assistant", {"path": PICTURE} if V >= (5, 0) else gr.Image(PICTURE))]
    return [*(history or []), entry("user", message), *said]


def count_files(history):
    """Takes the whole chat, in which the last message is the question."""
    files = [part for turn in history for part in parts_of(turn["content"]) if not isinstance(part, str)]
    kinds = sorted({os.path.splitext(path_of(part))[1] for part in files})
    return [*history, entry("assistant", f"{text_of(history[-1]['content'])}: {len(files)} files {kinds}")]


def count_pairs(history):
    files = [part for pair in history for part in pair if isinstance(part, (tuple, list))]
    return [*history, [None, f"{history[-1][0]}: {len(files)} files"]]


def parts_of(content):
    if not isinstance(content, list):
        return [content]
    return [part["text"] if part.get("type") == "text" else part["file"] for part in content]


def path_of(part):
    part = part.get("file", part) if isinstance(part, dict) else getattr(part, "file", part)
    if isinstance(part, (tuple, list)):
        return part[0]
    return part["path"] if isinstance(part, dict) else part.path


def describe(picture, message):
    return f"{message}: {os.path.basename(picture) if picture else 'nothing'}"


def interface(fn, **options):
    return fitting(gr.ChatInterface, fn, **{**MESSAGES, **options})


def blocks(build):
    with gr.Blocks() as app:
        build()
    return app


def textbook(fn=respond, kind=MESSAGES):
    chat, box = gr.Chatbot(**kind), gr.Textbox()
    box.submit(fn, [box, chat], [box, chat], api_name="respond")


def steps():
    chat, box = gr.Chatbot(**MESSAGES), gr.Textbox()
    box.submit(ask, [box, chat], [box, chat], api_name="ask").then(answer_last, chat, chat, api_name="answer")


def stateful(fn=remember, kind=MESSAGES):
    chat, box, kept = gr.Chatbot(**kind), gr.Textbox(), gr.State([])
    box.submit(fn, [box, kept], [chat, kept], api_name="respond")


def thinking():
    chat, box = gr.Chatbot(**MESSAGES), gr.Textbox()
    box.submit(think, [box, chat], [chat, box], api_name="respond")


def several():
    textbook()
    stateful()
    box = gr.Textbox()
    box.submit(lambda text: text[::-1], box, box, api_name="reverse")


def counting(fn=count_files, kind=MESSAGES):
    chat = gr.Chatbot(**kind)
    gr.Button().click(fn, chat, chat, api_name="count")


def drawing():
    chat, box = gr.Chatbot(**MESSAGES), gr.Textbox()
    box.submit(draw, [box, chat], chat, api_name="draw")


def describing():
    picture, box = gr.Image(type="filepath", label="Picture"), gr.Textbox(label="Question")
    box.submit(describe, [picture, box], gr.Textbox(label="Description"), api_name="describe")


def translator():
    box, language = gr.Textbox(label="Text"), gr.Textbox("German", label="Language")
    box.submit(lambda text, language: f"{text} in {language}", [box, language], gr.Textbox(), api_name="translate")


def calculator():
    first, second = gr.Number(), gr.Number()
    first.submit(lambda a, b: a + b, [first, second], gr.Number(), api_name="add")


APPS = {
    "interface": interface(stream),
    "whole": interface(recall),
    "tuned": interface(tuned, additional_inputs=[gr.Textbox("Be nice", label="System prompt"), gr.Slider(10, 100, 50, label="Length")]),
    "pairs": blocks(lambda: textbook(respond_in_pairs, TUPLES)),
    "kept-pairs": blocks(lambda: stateful(remember_pairs, TUPLES)),
    "counting-pairs": blocks(lambda: counting(count_pairs, TUPLES)),
    "describing": blocks(describing),
    "translator": blocks(translator),
    "calculator": blocks(calculator),
}
if V >= (4, 44):
    APPS |= {
        "multimodal": interface(look, multimodal=True),
        "textbook": blocks(textbook),
        "steps": blocks(steps),
        "kept": blocks(stateful),
        "several": blocks(several),
        "counting": blocks(counting),
        "drawing": blocks(drawing),
    }
if V >= (5, 0):
    APPS["thinking"] = blocks(thinking)
    APPS["thinking-interface"] = interface(think_aloud)
if V >= (6, 0):
    for pairs in ("pairs", "kept-pairs", "counting-pairs"):
        del APPS[pairs]

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    server = fastapi.FastAPI()

    @server.get("/config")
    def config():
        return {"apps": list(APPS)}

    for name, app in APPS.items():
        gr.mount_gradio_app(server, app.queue(), f"/{name}")
    uvicorn.run(server, port=port, log_level="warning")
