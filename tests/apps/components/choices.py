"""Choices: one, several, open ones, numbers, labels with other values."""
import gradio as gr
from common import V, offer, same

with gr.Blocks(title="Radio") as radio:
    size = gr.Radio(["small", "large"], label="Size", value="small")
    level = gr.Radio([1, 2, 3], label="Level", value=2)
    mode = gr.Radio([("Quick", "q"), ("Thorough", "t")], label="Mode")
    index = gr.Radio(["first", "second"], label="Place", type="index", value="second")
    offer(lambda size, level, mode: f"{size} {level!r} {mode}", [size, level, mode], gr.Textbox(), "describe")
    offer(same, level, gr.Radio([1, 2, 3], label="Level"), "level")
    offer(same, mode, gr.Radio([("Quick", "q"), ("Thorough", "t")], label="Mode"), "mode")
    offer(same, index, gr.Number(), "place")
    offer(lambda kept: gr.Radio(choices=["new", kept], value="new"), size, gr.Radio(["small", "large"], label="Size"), "change")

with gr.Blocks(title="Dropdowns") as dropdowns:
    one = gr.Dropdown(["cat", "dog"], label="Animal", value="cat")
    several = gr.Dropdown(["red", "green", "blue"], label="Colours", multiselect=True, value=["red"], max_choices=2)
    custom = gr.Dropdown(["Paris", "Rome"], label="City", allow_custom_value=True, value="Rome")
    customs = gr.Dropdown(["a", "b"], label="Tags", multiselect=True, allow_custom_value=True)
    numeric = gr.Dropdown([("Ten", 10), ("Twenty", 20)], label="Amount", value=10)
    mixed = gr.Dropdown(["auto", 0, 1.5, ("none", "none")], label="Mixed", value="auto")
    offer(lambda animal, colours, city, tags: f"{animal} {colours} {city} {tags}", [one, several, custom, customs], gr.Textbox(), "pick")
    offer(lambda amount: (amount, amount + 1), numeric, [gr.Dropdown([10, 20], label="Amount"), gr.Number(label="More")], "amount")
    offer(lambda mixed: repr(mixed), mixed, gr.Textbox(), "mixed")
    offer(same, several, several, "colours")
    offer(lambda: None, None, one, "nothing_picked")
    offer(lambda: ["x", "y"], None, gr.Dropdown([], label="Filled later", multiselect=True), "filled_later")

with gr.Blocks(title="Check box groups") as groups:
    letters = gr.CheckboxGroup(["a", "b", "c"], label="Letters", value=["a"])
    numbers = gr.CheckboxGroup([1, 2], label="Numbers")
    pairs = gr.CheckboxGroup([("One", "1"), ("Two", "2")], label="Pairs")
    offer(lambda letters, numbers, pairs: (letters[::-1], numbers, pairs), [letters, numbers, pairs],
          [gr.CheckboxGroup(["a", "b", "c"], label="Turned"), gr.CheckboxGroup([1, 2], label="Numbers"), gr.JSON(label="Pairs")], "tick")

APPS = {"radio": radio, "dropdowns": dropdowns, "groups": groups}
