"""What the replicas of Spaces share. Nothing of this is known of the real ones.

Some first words of a prompt are commands, as in the other replicas:

    /quota      a ZeroGPU quota error, as ZeroGPU words it
    /aborted    a ZeroGPU worker error
    /crash      an exception that is no gr.Error
    /slow       half a second between two values
"""

import argparse
import inspect
import os
import time

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
from PIL import Image

DELAY = float(os.environ.get("REPLICA_DELAY", "0.02"))
"""Seconds between two values."""
MAX_SEED = 2**31 - 1

QUOTA = (
    "You have exceeded your GPU quota (60s requested vs. 0s left). "
    '<a style="white-space: nowrap" href="https://huggingface.co/join">Create a free account</a> '
    "to get more daily usage quota."
)


def known(callable_, options):
    """The options that this Gradio's version of something takes."""
    taken = inspect.signature(callable_).parameters
    return {name: value for name, value in options.items() if name in taken}


def error(text, title):
    """A gr.Error; it has a title from Gradio 5 on."""
    options = known(gr.Error.__init__, {"title": title, "print_exception": False})
    return gr.Error(text, **options)


def obey(prompt):
    """Do what a command says; the seconds between two values."""
    command = (prompt or "").strip().split(" ")[0]
    if command == "/quota":
        raise error(QUOTA, "ZeroGPU quota exceeded")
    if command == "/aborted":
        raise error("GPU task aborted", "ZeroGPU worker error")
    if command == "/crash":
        raise RuntimeError("fake crash inside the model")
    return 0.5 if command == "/slow" else DELAY


def growing(text, delay=DELAY):
    """The text word by word: each value is all of it so far."""
    words = text.split(" ")
    for count in range(1, len(words) + 1):
        yield " ".join(words[:count])
        time.sleep(delay)


def picture(width, height, seed):
    """A plain picture whose colour tells the seed: red * 65536 + green * 256 + blue."""
    seed = int(seed) % 2**24
    return Image.new("RGB", (int(width), int(height)), (seed >> 16, seed >> 8 & 255, seed & 255))


def fill(count):
    """Functions that nobody calls: they take the first places, which the examples have there."""
    for _ in range(count):
        gr.Button(visible=False).click(lambda: None, None, None, api_name=False)


def main(build):
    """Serve the app; it answers several callers at once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    build().queue(default_concurrency_limit=4).launch(server_port=port, quiet=True)
