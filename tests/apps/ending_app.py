"""Prints which sessions end, and with which State, as soon as it learns it.

GRADIO_IS_E2E_TEST shortens the hour for which Gradio keeps the State of a session that ended.
"""

import argparse
import os

os.environ["GRADIO_IS_E2E_TEST"] = "1"

import gradio as gr  # noqa: E402


def say(text):
    print(text, flush=True)


with gr.Blocks() as demo:
    count = gr.State(0, delete_callback=lambda value: say(f"deleted {value}"))
    number = gr.Number()
    gr.Button().click(lambda value: (value + 1, value + 1), count, [number, count], api_name="count")
    demo.unload(lambda: say("unloaded"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.queue().launch(server_name="127.0.0.1", server_port=parser.parse_args().port)
