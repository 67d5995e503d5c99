"""An app whose functions and arguments are in the order that ORDER says, with a login if AUTH does."""

from __future__ import annotations

import argparse
import os

import gradio as gr

REVERSED = os.environ.get("ORDER") == "reversed"
auth = tuple(os.environ["AUTH"].split(":")) if os.environ.get("AUTH") else None


def keep(first, second, turns):
    return f"keep first={first} second={second}", (turns or 0) + 1


def drop(first, second, turns):
    return f"drop first={first} second={second}", (turns or 0) + 1


def count(turns):
    return str((turns or 0) + 1), (turns or 0) + 1


def swapped(function):
    def call(second, first, turns):
        return function(first, second, turns)

    call.__name__ = function.__name__
    return call


with gr.Blocks(title="Swapped") as demo:
    first, second = gr.Textbox(label="first"), gr.Textbox(label="second")
    out, turns = gr.Textbox(label="out"), gr.State(0)
    for function in (drop, keep) if REVERSED else (keep, drop):
        inputs = [second, first] if REVERSED else [first, second]
        gr.Button().click(
            swapped(function) if REVERSED else function,
            [*inputs, turns],
            [out, turns],
            api_name=function.__name__,
        )
    gr.Button().click(count, [turns], [out, turns], api_name="count")
    file = gr.File(label="file")
    gr.Button().click(lambda file: open(getattr(file, "name", file)).read(), file, out, api_name="read")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    options = {"server_name": "127.0.0.1", "server_port": parser.parse_args().port, "quiet": True}
    if auth:
        options["auth"] = auth
    demo.queue()
    demo.launch(**options)
