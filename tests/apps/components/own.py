"""Components that are not Gradio's own, and rare ones."""
import os
from typing import Any, Literal, Optional

import gradio as gr
from common import offer, same
from gradio.data_classes import FileData, GradioModel, GradioRootModel


class Seat(GradioModel):
    row: int
    letter: Literal["a", "b"] = "a"
    note: Optional[str] = None
    ticket: Optional[FileData] = None


class Seats(GradioRootModel):
    root: list[Seat]


class SeatPicker(gr.components.Component):
    """Typed by a model of its own."""

    data_model = Seats
    EVENTS = ["change"]

    def preprocess(self, payload):
        return payload

    def postprocess(self, value):
        return value

    def example_payload(self):
        return [{"row": 1}]

    def example_value(self):
        return [{"row": 1}]


class Free(gr.components.Component):
    """Says nothing of its values."""

    EVENTS = ["change"]

    def preprocess(self, payload):
        return payload

    def postprocess(self, value):
        return value

    def api_info(self):
        return {}

    def example_payload(self):
        return {"any": "thing"}

    def example_value(self):
        return {"any": "thing"}


with gr.Blocks(title="Seats") as seats:
    picker = SeatPicker(label="Seats")
    offer(lambda seats: Seats(root=[one.model_copy(update={"row": one.row + 1}) for one in seats.root]), picker, SeatPicker(label="Moved"), "move")
    offer(same, Free(label="Free"), Free(label="Same"), "free")

with gr.Blocks(title="Rare ones") as rare:
    offer(lambda path: os.path.basename(path), gr.FileExplorer(root_dir=os.path.dirname(os.path.abspath(__file__)), glob="*.py", file_count="single", label="File"), gr.Textbox(label="Name"), "explore")
    offer(same, gr.ParamViewer({"a": {"type": "int", "description": "n", "default": None}}), gr.ParamViewer({}), "parameters")
    offer(lambda rows: rows, gr.Dataset(components=["textbox"], samples=[["a"], ["b"]], label="Samples"), gr.JSON(label="Row"), "sample")
    offer(lambda tick: tick, gr.Timer(5, active=False), gr.Textbox(label="Tick"), "timer")
    offer(lambda label: label, gr.Button("Press"), gr.Textbox(label="Pressed"), "press")
    offer(lambda: "x", None, gr.Button("Press"), "relabel")

APPS = {"seats": seats, "rare": rare}
