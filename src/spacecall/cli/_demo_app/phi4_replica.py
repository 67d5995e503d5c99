"""A replica of the Space microsoft/phi-4-multimodal: the same API, without a model.

    python phi4_replica.py --port 7861        on Gradio 5

The replica has these parts of the Space's API:

- Function 10, `/process_message`, takes `[history, {"text", "files"}, State]`, without the queue.
- Function 11, `/bot_response`, takes `[history, State]` and streams from the queue; the answer is
  the last message of the history.
- Component 8 is the text box of the chat.
- Both calls need the same session, because the State holds the pending turn.

Of the other components and functions, only the number is that of the Space.

An answer repeats the message. Some messages are commands:

    /quota      raise the ZeroGPU quota error of the Space
    /aborted    raise a ZeroGPU worker error
    /crash      raise an exception that is not a gr.Error
    /zerogpu    wait for a GPU, with messages and progress, then answer
    /slow       answer with a word every half second
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import argparse
import mimetypes
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr  # type: ignore[import-not-found, unused-ignore]

IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp"}
AUDIO = {".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus", ".aac"}
WORD_DELAY = float(os.environ.get("REPLICA_WORD_DELAY", "0.02"))
"""Seconds between two words of an answer."""

Turn = dict[str, Any]


def process_message(
    history: list[Turn], message: Turn | None, conversation_state: list[Turn] | None
) -> tuple[list[Turn], Any, list[Turn]]:
    """Move the message from the text box into the chat, and remember it for the answer."""
    turns = conversation_state or []
    text = (message or {}).get("text") or ""
    files = (message or {}).get("files") or []
    if text:
        history.append({"role": "user", "content": text})
    history.extend({"role": "user", "content": {"path": path}} for path in files)
    if text or files:
        turns.append({"role": "user", "text": text, "files": list(files)})
    return history, gr.MultimodalTextbox(value=None, interactive=False), turns


def bot_response(
    history: list[Turn],
    conversation_state: list[Turn] | None,
    progress: Any = gr.Progress(),  # noqa: B008
) -> Iterator[tuple[list[Turn], list[Turn]]]:
    """Answer the last message of the chat, word by word."""
    turns = conversation_state or []
    if not turns:
        yield history, turns
        return
    command = (turns[-1].get("text") or "").strip().split("\n")[0]
    _misbehave(command)
    if command == "/zerogpu":
        gr.Info("Waiting for a GPU to become available", title="ZeroGPU queue")
        gr.Success("Successfully acquired a GPU", title="ZeroGPU queue")
        for done in (0, 50, 100):
            progress((done, 100), desc="ZeroGPU init")
            time.sleep(0.05)
    answer = _answer(turns)
    history.append({"role": "assistant", "content": ""})
    words = answer.split(" ")
    for count in range(1, len(words) + 1):
        history[-1]["content"] = " ".join(words[:count])
        yield history, turns
        time.sleep(0.5 if command == "/slow" else WORD_DELAY)
    turns.append({"role": "assistant", "text": answer, "files": []})
    yield history, turns


def enable_input() -> Any:
    """Enable the text box again."""
    return gr.MultimodalTextbox(interactive=True)


def build() -> Any:
    """Build the page; the comments are the numbers of its components and functions."""
    with gr.Blocks(title="Phi-4-multimodal (replica)", theme=gr.themes.Soft()) as demo:  # 0
        gr.Markdown("# Phi-4-multimodal (replica)")  # 1
        gr.Markdown("Type messages, upload images, or record audio.")  # 2
        state = gr.State([])  # 3
        with gr.Row():  # 4
            with gr.Column(scale=4):  # 5
                chatbot = gr.Chatbot(type="messages", height=600)  # 6
                with gr.Row():  # 7
                    box = gr.MultimodalTextbox(  # 8
                        interactive=True,
                        file_count="multiple",
                        file_types=["image", "audio"],
                        sources=["microphone", "upload"],
                        placeholder="Type a message, upload an image, or record audio...",
                        show_label=False,
                    )
                with gr.Row():
                    clear = gr.ClearButton([chatbot, box], value="Clear chat")  # function 0
                    clear.click(lambda: [], None, state, show_api=False)  # noqa: PIE807  # function 1
            with gr.Column(scale=1):
                _examples(box, chatbot, state)  # functions 2 to 9
        submitted = box.submit(  # function 10
            process_message, [chatbot, box, state], [chatbot, box, state], queue=False
        )
        answered = submitted.then(  # function 11
            bot_response, [chatbot, state], [chatbot, state], api_name="bot_response"
        )
        answered.then(enable_input, None, box, show_api=False)  # function 12
    return demo


def check(demo: Any) -> None:
    """Fail if a Gradio release numbers components or functions differently from the Space."""
    config = demo.get_config_file()
    functions = {function["id"]: function for function in config["dependencies"]}
    kinds = {component["id"]: component["type"] for component in config["components"]}
    assert kinds[8] == "multimodaltextbox", kinds
    assert functions[10]["api_name"] == "process_message", functions[10]
    assert functions[10]["queue"] is False, functions[10]
    assert functions[10]["inputs"] == [6, 8, 3], functions[10]
    assert functions[10]["targets"] == [(8, "submit")], functions[10]
    assert functions[11]["api_name"] == "bot_response", functions[11]
    assert functions[11]["inputs"] == [6, 3], functions[11]


def _misbehave(command: str) -> None:
    if command == "/quota":
        raise gr.Error(
            "You have exceeded your GPU quota (60s requested vs. 0s left). "
            '<a style="white-space: nowrap;text-underline-offset: 2px;'
            'color: var(--body-text-color)" href="https://huggingface.co/join">'
            "Create a free account</a> to get more daily usage quota.",
            title="ZeroGPU quota exceeded",
            print_exception=False,
        )
    if command == "/aborted":
        raise gr.Error("GPU task aborted", title="ZeroGPU worker error", print_exception=False)
    if command == "/crash":
        raise RuntimeError("fake crash inside the model")


def _answer(turns: list[Turn]) -> str:
    user_turns = [turn for turn in turns if turn["role"] == "user"]
    text = user_turns[-1]["text"]
    parts = [f"Phi-4 replica turn {len(user_turns)}."]
    parts.append(f"You said: {text}" if text else "You sent no text.")
    for number, name in enumerate(user_turns[-1]["files"], 1):
        path = Path(name)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        description = f"{path.name} ({kind}, {path.stat().st_size} bytes)"
        parts.append(f"{_medium(path)} {number} is {description}.")
    return " ".join(parts)


def _medium(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in IMAGES:
        return "image"
    return "audio" if suffix in AUDIO else "file"


def _examples(box: Any, chatbot: Any, state: Any) -> None:
    for label, text in (
        ("Text", "I need a Python code for the Fibonacci sequence."),
        ("Vision", "Write a limerick about this picture."),
        ("Audio", "Transcribe this audio clip."),
        ("Mixed", "Summarize what you see and hear."),
    ):
        gr.Examples(
            examples=[[{"text": text, "files": []}]],
            inputs=[box],
            outputs=[chatbot, state],
            fn=lambda message: ([{"role": "user", "content": message["text"]}], []),
            run_on_click=True,
            cache_examples=False,
            label=label,
        )


def main() -> None:
    """Serve the app until the process is stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7861)
    arguments = parser.parse_args()
    app = build()
    check(app)
    app.queue(default_concurrency_limit=4).launch(
        server_name=arguments.host,
        server_port=arguments.port,
        quiet=True,
        show_error=False,
        ssr_mode=False,
    )


if __name__ == "__main__":
    main()
