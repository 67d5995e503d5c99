"""An app in two versions: VERSION=1 is what a client was generated from, VERSION=2 what became of it.

    python changing_app.py --port 7863
"""
import argparse
import os

import gradio as gr

NEW = os.environ.get("VERSION", "1") == "2"


def paint(prompt, steps, extra=None):
    return f"{prompt} in {int(steps)} steps"


def count(n):
    return int(n) + 1


def stream(text):
    yield text
    yield text + "!"


def whole(text):
    return text + "!"


with gr.Blocks(title="Changing") as demo:
    prompt = gr.Textbox(label="Prompt")
    steps = gr.Slider(1, 20 if NEW else 50, value=10, step=1, label="Steps")
    style = gr.Dropdown(["oil", "ink"], value="oil", label="Style")
    n = gr.Number(label="N") if not NEW else gr.Slider(0, 9, step=1, label="N")
    out = gr.Textbox(label="Picture")
    number = gr.Number(label="Next")
    inputs = [prompt, steps, style] if NEW else [prompt, steps]
    gr.Button("a").click(paint, inputs, out, api_name="paint")
    gr.Button("b").click(count, n, number, api_name="count")
    gr.Button("c").click(whole if NEW else stream, prompt, out, api_name="stream")
    if not NEW:
        gr.Button("d").click(whole, prompt, out, api_name="shout")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7863)
    auth = os.environ.get("AUTH")
    demo.launch(
        server_port=parser.parse_args().port,
        auth=tuple(auth.split(":")) if auth else None,
        quiet=True,
    )
