"""Conversations: ChatInterface with its options, and chatbots in Blocks."""
import os

import gradio as gr
from registry import MESSAGES, V, demo, endpoint, media


@demo()
def echo_bot():
    return gr.ChatInterface(lambda message, history: f"You said {message} after {len(history)}", title="Echo", **MESSAGES)


@demo()
def slow_echo_bot():
    def reply(message, history):
        for end in range(min(len(message), 6)):
            yield f"You typed {message[: end + 1]}"

    return gr.ChatInterface(reply, **MESSAGES)


@demo()
def tuned_bot():
    def reply(message, history, system, tokens):
        return f"{system}: {message}"[: int(tokens)]

    return gr.ChatInterface(
        reply, additional_inputs=[gr.Textbox("Be nice", label="System prompt"), gr.Slider(10, 100, 50, label="Tokens")], **MESSAGES
    )


@demo(since=(5, 10))
def artifact_bot():
    with gr.Blocks() as app:
        code = gr.Code(render=False, language="python")
        def reply(message, history):
            return f"Code for {message}", f"print({message!r})"
        gr.ChatInterface(reply, additional_outputs=[code], api_name="write", **MESSAGES)
        code.render()
    return app


@demo()
def file_counter_bot():
    def count(message, history):
        names = [os.path.basename(file if isinstance(file, str) else file["path"]) for file in message["files"]]
        return f"{message['text']}: {len(names)} files"

    return gr.ChatInterface(count, multimodal=True, textbox=gr.MultimodalTextbox(file_count="multiple", file_types=["image", "text"]), **MESSAGES)


@demo(since=(5, 0))
def component_bot():
    def show(message, history):
        if message == "image":
            return gr.Image(media("red.png"))
        if message == "file":
            return {"path": media("red.png")}
        if message == "many":
            return ["first", {"role": "assistant", "content": "second", "metadata": {"title": "Thought", "status": "done"}}]
        if message == "options":
            return gr.ChatMessage(role="assistant", content="pick", options=[{"value": "image", "label": "Image"}])
        return gr.HTML(f"<b>{message}</b>")

    return gr.ChatInterface(show, examples=["image", "file", "many", "options"], cache_examples=False, **MESSAGES)


@demo(since=(5, 0))
def remembering_bot():
    return gr.ChatInterface(
        lambda message, history: "".join(str(turn["role"])[0] for turn in history) + message, save_history=True, flagging_mode="never", editable=True, **MESSAGES
    )


@demo()
def chat_events():
    with gr.Blocks() as app:
        chat, out = gr.Chatbot(label="Chat", **MESSAGES), gr.Textbox(label="Out")
        def liked(data: gr.LikeData):
            return f"{data.liked} {data.value}"
        chat.like(liked, None, out, api_name="like")
        chat.clear(lambda: "cleared", None, out, api_name="clear") if hasattr(chat, "clear") else None
        chat.retry(lambda history: len(history or []), chat, out, api_name="retry") if hasattr(chat, "retry") else None
        def thoughts():
            return [
                {"role": "assistant", "content": "thinking", "metadata": {"title": "Plan"}},
                gr.ChatMessage(role="assistant", content="answer"),
                {"role": "user", "content": {"path": media("red.png")} if V >= (5, 0) else "x"},
            ]
        endpoint(thoughts, None, chat)
        endpoint(lambda history: len(history or []), chat, gr.Number(), "length")
        endpoint(lambda history: history, chat, chat, "same")
    return app


@demo(until=(5, 50))
def paired_chat():
    with gr.Blocks() as app:
        chat = gr.Chatbot(label="Chat", **({"type": "tuples"} if V >= (4, 44) else {}))
        endpoint(lambda history: [*(history or []), ("hi", None), (None, "there"), ((media("red.png"),), "file")], chat, chat, "extend")
    return app


@demo()
def multimodal_box():
    with gr.Blocks() as app:
        box = gr.MultimodalTextbox({"text": "start", "files": []}, file_count="multiple", label="Message")
        def split(message):
            message = message or {"text": None, "files": []}
            return message["text"], len(message["files"])
        endpoint(split, box, [gr.Textbox(), gr.Number()])
        endpoint(lambda message: message, box, gr.MultimodalTextbox(), "same")
        endpoint(lambda: {"text": "see", "files": [media("red.png")]}, None, box, "fill")
    return app
