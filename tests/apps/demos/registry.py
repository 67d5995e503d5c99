"""The apps by name, and what they share."""
import dataclasses
import os
import tempfile

import gradio as gr

V = tuple(int(part) for part in gr.__version__.split(".")[:2])
MEDIA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
DEMOS = {}
"""Every app that this Gradio can have, by name."""

# Chats speak in messages everywhere: Gradio 6 has nothing else.
MESSAGES = {"type": "messages"} if V < (6, 0) else {}


@dataclasses.dataclass
class Demo:
    """How to build an app, and what it is mounted with."""

    build: object
    options: dict


def demo(since=(4, 44), until=None, **options):
    """Register a function that makes an app; its name with dashes is the app's path.

    since, until: the first Gradio that has the features, and the last.
    options: of `gr.mount_gradio_app`.
    """

    def register(build):
        if since <= V and (until is None or V <= until):
            DEMOS[build.__name__.replace("_", "-")] = Demo(build, options)
        return build

    return register


def endpoint(fn, inputs=None, outputs=None, name=None, **options):
    """An endpoint, as a button's click, called like the function."""
    return gr.Button("Run").click(fn, inputs, outputs, api_name=name or fn.__name__, **options)


def write(text, name, encoding="utf-8"):
    """A file with the text, in a folder of its own."""
    path = os.path.join(tempfile.mkdtemp(), name)
    with open(path, "w", encoding=encoding) as file:
        file.write(text)
    return path


def media(name):
    """The path of one of the small test files."""
    return os.path.abspath(os.path.join(MEDIA, name))
