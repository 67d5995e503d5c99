"""Every component of this Gradio as an input and as an output: what `scripts/components` measures.

`/in_<row>` tells what its function got; `/out_<row>` returns one of `PROBES`, by its name. A row is
a component, or a component with an option that changes its values.
"""

import argparse
import inspect
import json
import os
import tempfile
from datetime import date, datetime, timezone

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import numpy
import pandas
from PIL import Image

# Layouts, bases and parts of the page have no value; LoginButton needs more than Gradio.
NOT_MEASURED = {
    "LoginButton",
    "Carousel",
    "Column",
    "Component",
    "Dataset",
    "Fallback",
    "Form",
    "FormComponent",
    "IOComponent",
    "Interpretation",
    "LogoutButton",
    "Row",
    "StatusTracker",
    "Variable",
}
CHOICES = {"choices": ["a", "b"]}
OPTIONS = {
    "CheckboxGroup": {"": CHOICES},
    "Chatbot": {"": {}, "messages": {"type": "messages"}, "tuples": {"type": "tuples"}},
    "Code": {"": {}, "python": {"language": "python"}},
    "DateTime": {
        "": {},
        "datetime": {"type": "datetime"},
        "string": {"type": "string"},
        "date": {"include_time": False},
    },
    "Dropdown": {
        "": CHOICES,
        "multiselect": {**CHOICES, "multiselect": True},
        "custom": {**CHOICES, "allow_custom_value": True},
        "numbers": {"choices": [1, 2]},
    },
    "Radio": {"": CHOICES, "numbers": {"choices": [1, 2]}},
    "File": {"": {}, "multiple": {"file_count": "multiple"}},
    "UploadButton": {"": {}, "multiple": {"file_count": "multiple"}},
    "FileExplorer": {"": {"file_count": "multiple"}, "single": {"file_count": "single"}},
    "Number": {"": {}, "precision_0": {"precision": 0}},
    "Slider": {"": {}, "step": {"minimum": 0, "maximum": 100, "step": 5}},
    "Textbox": {"": {}, "value": {"value": "v"}},
    "MultimodalTextbox": {"": {}, "multiple": {"file_count": "multiple"}},
    "Timer": {"": {"active": False}},
    "BrowserState": {"": {"default_value": "x"}},
    "Dialogue": {"": {"speakers": ["s"]}},
    "HighlightedText": {"": {}},
}

folder = tempfile.mkdtemp()
TEXT, PICTURE, OTHER = (os.path.join(folder, name) for name in ("a.txt", "a.png", "b.png"))
with open(TEXT, "w") as file:
    file.write("text")
image = Image.new("RGB", (4, 4), "red")
image.save(PICTURE)
image.save(OTHER)
SOUND = (8000, numpy.zeros(80, dtype=numpy.int16))
FRAME = pandas.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", None]})
PROBES = {
    "None": None,
    "nan": float("nan"),
    "True": True,
    "int": 7,
    "big int": 2**53 + 1,
    "float": 1.5,
    "whole float": 3.0,
    "numpy int": numpy.int64(7),
    "numpy float": numpy.float32(1.5),
    "empty text": "",
    "text": "text",
    "choice": "a",
    "color": "#ff0000",
    "html": "<b>x</b>",
    "json text": '{"a": 1}',
    "empty list": [],
    "choices": ["a", "b"],
    "texts": ["x", "y"],
    "numbers": [1, 2],
    "None in a list": [None],
    "rows": [[1, "x"], [2.5, None]],
    "empty dict": {},
    "dict": {"a": 1},
    "confidences": {"a": 0.25, "b": 0.75},
    "datetime": datetime(2024, 1, 2, 3, 4, 5),
    "aware datetime": datetime(2024, 1, 2, tzinfo=timezone.utc),
    "date": date(2024, 1, 2),
    "date text": "2024-01-02 03:04:05",
    "file": TEXT,
    "files": [TEXT, TEXT],
    "picture": PICTURE,
    "pictures": [PICTURE, OTHER],
    "captioned": [(PICTURE, "x"), (OTHER, None)],
    "array": numpy.zeros((4, 4, 3), dtype=numpy.uint8),
    "pil": image,
    "pil pair": (image, image),
    "pair with None": (image, None),
    "pils": [image, image],
    "editor": {"background": image, "layers": [image], "composite": None},
    "empty editor": {"background": None, "layers": [], "composite": None},
    "annotated": (image, [((0, 0, 2, 2), "x")]),
    "sound": SOUND,
    "frame": FRAME,
    "series": FRAME["a"],
    "spans": [("a", "X"), ("b", None), ("c", 0.5)],
    "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": {"path": TEXT}},
    ],
    "pairs": [("x", "y"), ("z", None)],
    "file pairs": [((TEXT,), None)],
    "message": {"text": "x", "files": []},
    "message with files": {"text": "x", "files": [TEXT]},
    "message without text": {"files": [TEXT]},
    "message without files": {"text": "x"},
    "update": gr.update(value=None),
    "empty update": gr.update(visible=True),
}


try:
    import matplotlib.pyplot as plt

    PROBES["figure"] = plt.figure()
except ImportError:
    pass


def classes():
    """Each component class once, by its name, in order."""
    for name in sorted(dir(gr.components)):
        kind = getattr(gr.components, name)
        if (
            inspect.isclass(kind)
            and hasattr(kind, "get_block_name")
            and kind.__name__ == name
            and name not in NOT_MEASURED
        ):
            yield name, kind
    if hasattr(gr, "SimpleImage") and not hasattr(gr.components, "SimpleImage"):
        yield "SimpleImage", gr.SimpleImage


def show(value):
    try:
        return json.dumps({"type": type(value).__name__, "text": str(value).replace(os.getcwd(), "…")[:60]})
    except Exception as error:
        return json.dumps({"type": type(value).__name__, "text": repr(error)})


def give(probe):
    return PROBES[probe]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    with gr.Blocks() as demo:
        probe, got = gr.Textbox(label="probe"), gr.Textbox(label="got")
        names = gr.JSON(label="names")
        rows = []
        for name, kind in classes():
            for option, arguments in OPTIONS.get(name, {"": {}}).items():
                row = name.lower() + (f"_{option}" if option else "")
                try:
                    component = kind(**arguments)
                except (TypeError, ValueError) as error:
                    print("left out:", row, repr(error)[:200], flush=True)
                    continue
                rows.append(row)
                gr.Button("in").click(show, component, got, api_name=f"in_{row}")
                gr.Button("out").click(give, probe, component, api_name=f"out_{row}")
        gr.Button("names").click(
            lambda: {"rows": rows, "probes": list(PROBES)}, None, names, api_name="names"
        )
    demo.queue()
    demo.launch(server_name="127.0.0.1", server_port=port, quiet=True, show_error=True)
