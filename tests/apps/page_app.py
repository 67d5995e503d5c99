"""What a browser's page of an app does: many values, changed components, server functions, pages."""

import argparse
import os
import tempfile

import gradio as gr
from gradio.components.base import server

FOLDER = tempfile.mkdtemp()
for name in ("one.txt", "two.txt"):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        file.write(name)

PLANTS = {"fruit": ["apple", ("Pear", "pear")], "tree": ["oak"]}


GRADIO_6 = int(gr.__version__.split(".")[0]) >= 6


def measure(points):
    return sum(points)


class Shelf(gr.Textbox):
    """A text with functions that its page calls on the server."""

    EVENTS = gr.Textbox.EVENTS

    def get_block_name(self):
        return "textbox"

    @server
    def find(self, query):
        if query == "fail":
            raise gr.Error("no such book")
        return {"query": query, "label": self.label}

    @server
    def count(self):
        return 3

    def secret(self):
        return "not a server function"


def many(count):
    for number in range(int(count)):
        yield number


def spell(word):
    for end in range(len(word)):
        yield {"text": word[: end + 1], "length": end + 1}, word[: end + 1]


def choices(kind):
    names = PLANTS[kind]
    return gr.Dropdown(choices=names, label=f"a {kind}", visible=kind == "tree"), kind


def choices_first(kind):
    yield gr.Dropdown(choices=PLANTS[kind]), "changing"
    yield gr.skip(), "changed"


def widen(limit):
    return gr.Slider(maximum=limit)


def select(kind):
    return gr.Dropdown(choices=PLANTS[kind], value=PLANTS[kind][0])


def caption(shelf: gr.Textbox):
    return shelf.label


def arrange():
    return gr.Tabs(selected="two"), gr.Row(visible=False), "arranged", gr.skip()


with gr.Blocks() as demo:
    with gr.Tabs() as tabs:
        gr.Tab("one", id="one")
        gr.Tab("two", id="two")
    row, button = gr.Row(), gr.Button("go")
    count, number = gr.Number(label="count"), gr.Number(label="number")
    kind = gr.Dropdown(["fruit", "tree"], label="kind")
    plant = gr.Dropdown(["seed"], label="plant", value="seed")
    plants = gr.CheckboxGroup(["seed"], label="plants")
    width = gr.Slider(0, 10, step=1, label="width")
    word, said = gr.Textbox(label="word"), gr.Textbox(label="said")
    js = gr.JSON(label="js")
    if GRADIO_6:
        gr.HTML("map", label="map", server_functions=[measure])
    shelf = Shelf(label="shelf", elem_id="shelf")
    files = gr.FileExplorer(root_dir=FOLDER, label="files")
    gr.Button().click(many, count, number, api_name="many")
    gr.Button().click(spell, word, [js, said], api_name="spell")
    gr.Button().click(choices, kind, [plant, said], api_name="choices")
    gr.Button().click(choices, kind, [plant, said], api_name="choices_now", queue=False)
    gr.Button().click(choices_first, kind, [plant, said], api_name="choices_first")
    gr.Button().click(
        lambda kind: gr.CheckboxGroup(choices=PLANTS[kind]), kind, plants, api_name="choices_many"
    )
    gr.Button().click(select, kind, plant, api_name="select")
    gr.Button().click(lambda: gr.skip(), None, said, api_name="skip")
    gr.Button().click(widen, count, width, api_name="widen")
    gr.Button().click(lambda plant: f"a {plant}", plant, said, api_name="pick")
    gr.Button().click(
        lambda plants: ", ".join(plants), plants, said, api_name="pick_many"
    )
    gr.Button().click(lambda width: width, width, number, api_name="slide")
    gr.Button().click(
        lambda: gr.Textbox(label="library"), None, shelf, api_name="rename"
    )

    if GRADIO_6:
        gr.Button().click(caption, shelf, said, api_name="caption")
    for name, options in {"arrange": {}, "arrange_now": {"queue": False}}.items():
        gr.Button().click(arrange, None, [tabs, row, said, button], api_name=name, **options)

with demo.route("Second", "/second"):
    text = gr.Textbox(label="text")
    gr.Button().click(lambda text: f"second {text}", text, text, api_name="on_second")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.launch(server_port=parser.parse_args().port, quiet=True)
