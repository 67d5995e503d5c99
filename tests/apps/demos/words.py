"""Texts, numbers and choices."""
import json

import gradio as gr
from registry import V, demo, endpoint


@demo()
def text_kinds():
    with gr.Blocks() as app:
        text, password = gr.Textbox(label="Text"), gr.Textbox(type="password", label="Secret")
        def shapes(text, password):
            """Gives a text to each component that shows one."""
            return f"{text!r}", f"**{text}**", f"<b>{text}</b>", f"x = {text!r}", len(password or "")
        endpoint(shapes, [text, password], [gr.Textbox(), gr.Markdown(), gr.HTML(), gr.Code(language="python"), gr.Number()])
        def echo(text):
            return text
        endpoint(echo, text, gr.Textbox())
        for kind in (gr.Markdown, gr.HTML, gr.Code):
            endpoint(echo, kind("start"), kind(), f"echo_{kind.__name__.lower()}")
    return app


@demo()
def number_kinds():
    with gr.Blocks() as app:
        whole, decimal = gr.Number(3, precision=0, label="Whole"), gr.Number(0.5, precision=2, label="Decimal")
        bounded, free = gr.Number(2, minimum=0, maximum=10, label="Bounded"), gr.Number(label="Free")
        slider = gr.Slider(-1, 1, 0.25, step=0.25, label="Slider")
        def show(*values):
            return [f"{type(value).__name__} {value!r}" for value in values]
        endpoint(show, [whole, decimal, bounded, free, slider], gr.JSON())
        def double(value):
            return None if value is None else value * 2
        endpoint(double, free, gr.Number())
        endpoint(lambda value: value, whole, gr.Number(precision=0), "whole")
        endpoint(lambda value: value, slider, gr.Slider(-1, 1), "slide")
        endpoint(lambda: 2**53 + 1, None, gr.Number(), "large")
        endpoint(lambda: 7, None, gr.Number(), "integer")
        endpoint(lambda: 7.0, None, gr.Number(), "float")
    return app


@demo()
def choice_kinds():
    with gr.Blocks() as app:
        def show(value):
            return json.dumps(value)
        pairs = [("First one", "first"), ("Second one", "second")]
        endpoint(show, gr.Radio(["a", "b"], label="Radio"), gr.Textbox(), "radio")
        endpoint(show, gr.Radio(pairs, value="second", label="Pairs"), gr.Textbox(), "radio_pairs")
        endpoint(show, gr.Radio(["a", "b"], type="index", label="Index"), gr.Textbox(), "radio_index")
        endpoint(show, gr.Dropdown([1, 2, 3], value=2, label="Numbers"), gr.Textbox(), "dropdown_numbers")
        endpoint(show, gr.Dropdown(["a", "b"], allow_custom_value=True, label="Open"), gr.Textbox(), "dropdown_open")
        endpoint(show, gr.Dropdown(["a", "b"], multiselect=True, max_choices=1, label="Most one"), gr.Textbox(), "dropdown_many")
        endpoint(show, gr.Dropdown(pairs, multiselect=True, value=["first"], label="Pairs"), gr.Textbox(), "dropdown_pairs")
        endpoint(show, gr.CheckboxGroup([("x", 1), ("y", 2)], label="Group"), gr.Textbox(), "group_numbers")
        endpoint(show, gr.CheckboxGroup(["x", "y"], value=["y"], type="index", label="Index"), gr.Textbox(), "group_index")
        endpoint(show, gr.Dropdown([], label="Empty"), gr.Textbox(), "dropdown_empty")
        endpoint(lambda value: value, gr.Dropdown(["a", "b"], value="b", label="Same"), gr.Dropdown(["a", "b"]), "same_dropdown")
        endpoint(lambda value: value, gr.CheckboxGroup(["a", "b"], label="Same"), gr.CheckboxGroup(["a", "b"]), "same_group")
    return app


@demo()
def diff_texts():
    def diff(old, new):
        old, new = old or "", new or ""
        common = 0
        while common < min(len(old), len(new)) and old[common] == new[common]:
            common += 1
        return [(old[:common], None), (old[common:], "-"), (new[common:], "+")]

    with gr.Blocks() as app:
        out = gr.HighlightedText(label="Diff", combine_adjacent=True, color_map={"+": "green", "-": "red"})
        endpoint(diff, [gr.Textbox("the quick fox", label="Old"), gr.Textbox("the quick cat", label="New")], out)
        endpoint(lambda spans: spans, gr.HighlightedText([("a", "X"), ("b", None)], label="Spans"), gr.HighlightedText(), "same")
        def entities(text):
            return {"text": text, "entities": [{"entity": "WORD", "start": 0, "end": 1}]}
        endpoint(entities, gr.Textbox("ab"), gr.HighlightedText())
    return app


@demo()
def mood_label():
    def judge(text):
        good = (text or "").count("good")
        return {"good": good / (good + 1), "bad": 1 / (good + 1)}

    with gr.Blocks() as app:
        endpoint(judge, gr.Textbox("so good"), gr.Label(num_top_classes=2))
        endpoint(lambda: "just a word", None, gr.Label(), "word")
        endpoint(lambda: 3.5, None, gr.Label(), "number")
        endpoint(lambda label: json.dumps(label), gr.Label({"a": 0.5}, label="Label"), gr.Textbox(), "read")
    return app


@demo()
def json_editor():
    with gr.Blocks() as app:
        value = gr.JSON({"list": [1, 2.5, None, True], "nested": {"ü": "ö"}}, label="Value")
        endpoint(lambda value: value, value, gr.JSON(), "same")
        endpoint(lambda value: json.dumps(value, sort_keys=True), value, gr.Code(language="json"), "dump")
        endpoint(lambda: [{"deep": [[[[1]]]]}, {"type": "update", "__class__": "x"}, {"path": "no file"}], None, gr.JSON(), "odd")
        endpoint(lambda: float("inf"), None, gr.JSON(), "infinite")
        endpoint(lambda: {1: "integer key", None: "none key"}, None, gr.JSON(), "keys")
    return app


@demo()
def dates_and_colors():
    with gr.Blocks() as app:
        endpoint(lambda value: str(value), gr.ColorPicker("#ff0000", label="Color"), gr.Textbox(), "color")
        endpoint(lambda: "rgba(1, 2, 3, 0.5)", None, gr.ColorPicker(), "paint")
        if V >= (5, 0):
            endpoint(lambda value: f"{value!r}", gr.DateTime("2024-02-29 12:30:00", type="string", timezone="UTC", label="Text"), gr.Textbox(), "moment_text")
            endpoint(lambda value: f"{value!r}", gr.DateTime(type="timestamp", timezone="UTC", label="Stamp"), gr.Textbox(), "moment_stamp")
            endpoint(lambda value: f"{value!r}", gr.DateTime(type="datetime", include_time=False, timezone="UTC", label="Date"), gr.Textbox(), "moment_date")
            endpoint(lambda: "2024-02-29 12:30:00", None, gr.DateTime(timezone="UTC"), "leap_day")
            endpoint(lambda: 1700000000, None, gr.DateTime(timezone="UTC"), "from_stamp")
    return app


@demo()
def nothing_comes_back():
    with gr.Blocks() as app:
        for kind in ("Textbox", "Number", "Markdown", "HTML", "Code", "JSON", "Checkbox", "Slider", "Radio", "Dropdown", "CheckboxGroup", "Label", "HighlightedText", "ColorPicker"):
            endpoint(lambda: None, None, getattr(gr, kind)(), f"none_{kind.lower()}")
        endpoint(lambda: (None, "the answer"), None, [gr.Textbox(label="Message"), gr.Textbox(label="Answer")], "send")
        endpoint(lambda: float("nan"), None, gr.Number(), "not_a_number")
    return app


@demo(since=(5, 0))
def settings_table():
    with gr.Blocks() as app:
        table = gr.ParamViewer({"size": {"type": "int", "description": "How large", "default": "3"}})
        endpoint(lambda: {"name": {"type": "str", "description": "Its name", "default": None}}, None, table, "document")
    return app
