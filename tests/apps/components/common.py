"""What the apps share."""
import gradio as gr

V = tuple(int(part) for part in gr.__version__.split(".")[:2])


def offer(fn, inputs, outputs, name=None, **options):
    """An endpoint, as a button's click."""
    if name is not None:
        options["api_name"] = name
    return gr.Button("Run").click(fn, inputs, outputs, **options)


def same(value):
    return value
