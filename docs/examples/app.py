"""The app that the examples call, for Gradio 5 or 6: python docs/examples/app.py --port 7860"""
# pyright: basic

from __future__ import annotations

import argparse
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr  # type: ignore[import-not-found]


def greet(name: str, greeting: str, excited: bool) -> str:  # noqa: FBT001
    """Greet somebody."""
    return f"{greeting}, {name}{'!' if excited else '.'}"


def count(to: float) -> Iterator[str]:
    """Count aloud."""
    said = ""
    for number in range(1, int(to) + 1):
        said += f"{number} "
        yield said
        time.sleep(0.05)


def work(seconds: float, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
    """Work for some seconds."""
    gr.Info("The work begins.")
    for step in range(4):
        progress((step, 4), desc="working", unit="parts")
        time.sleep(seconds / 4)
    return f"worked for {seconds:g} s"


def turn(image: Any, degrees: float) -> tuple[str, Any]:
    """Turn an image, and say how large it is then."""
    turned = image.rotate(degrees, expand=True)
    return f"{turned.width} x {turned.height}", turned


def pack(files: list[str]) -> str:
    """Put files into a zip archive."""
    path = Path(tempfile.mkdtemp()) / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, Path(file).name)
    return str(path)


def note(item: str, notes: list[str]) -> tuple[str, list[str]]:
    """Note an item, and say what is on the list."""
    notes = [*notes, item]
    return ", ".join(notes), notes


def divide(a: float, b: float) -> float:
    """Divide a by b."""
    if not b:
        raise gr.Error("You cannot divide by zero.", title="Arithmetic")
    return a / b


def build() -> gr.Blocks:
    """The page: a tab for each function."""
    with gr.Blocks(title="Workshop") as page:
        with gr.Tab("Greet"):
            name = gr.Textbox(label="Name")
            greeting = gr.Dropdown(["Hello", "Good morning"], value="Hello", label="Greeting")
            excited = gr.Checkbox(label="Excited")
            text = gr.Textbox(label="Text")
            gr.Button("Greet").click(greet, [name, greeting, excited], text, api_name="greet")
        with gr.Tab("Count"):
            to = gr.Slider(1, 100, value=5, step=1, label="To")
            said = gr.Textbox(label="Said")
            gr.Button("Count").click(count, to, said, api_name="count")
        with gr.Tab("Work"):
            seconds = gr.Number(value=1, label="Seconds")
            report = gr.Textbox(label="Report")
            gr.Button("Work").click(work, seconds, report, api_name="work", concurrency_limit=8)
        with gr.Tab("Turn"):
            image = gr.Image(type="pil", label="Image")
            degrees = gr.Number(value=90, label="Degrees")
            size = gr.Textbox(label="Size")
            turned = gr.Image(label="Turned", format="png")
            gr.Button("Turn").click(turn, [image, degrees], [size, turned], api_name="turn")
        with gr.Tab("Pack"):
            files = gr.File(file_count="multiple", label="Files")
            archive = gr.File(label="Archive")
            gr.Button("Pack").click(pack, files, archive, api_name="pack")
        with gr.Tab("Note"):
            notes = gr.State([])
            item = gr.Textbox(label="Item")
            listed = gr.Textbox(label="Listed")
            gr.Button("Note").click(note, [item, notes], [listed, notes], api_name="note")
        with gr.Tab("Divide"):
            a = gr.Number(label="A")
            b = gr.Number(value=1, label="B")
            quotient = gr.Number(label="Quotient")
            gr.Button("Divide").click(divide, [a, b], quotient, api_name="divide")
    return page


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    build().launch(server_port=parser.parse_args().port)
