"""An app whose endpoints have unusual names: each gives its own api_name with what it was sent."""

from __future__ import annotations

import argparse

import gradio as gr

NAMES = [
    *("predict", "/predict", "Predict", "//twice", "a/b", "tail/", "with space", "per%cent"),
    *("a%2Fb", "dot.ted", "..", "query?x=1", "h#ash", "a;b+c&d", "back\\slash", "ünï日本"),
    *("line\nbreak", "{braces}"),
]
DIRECT = ["direct", "/direct", "direct/path", ".", "direct space"]

with gr.Blocks(title="Names") as demo:
    text = gr.Textbox(label="x")
    for name in NAMES + DIRECT:
        gr.Button().click(
            lambda x, name=name: f"{name}|{x}",
            text,
            text,
            api_name=name,
            queue=name in NAMES,
        )

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.queue()
    demo.launch(server_name="127.0.0.1", server_port=parser.parse_args().port, quiet=True)
