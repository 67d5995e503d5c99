"""Tables, JSON, labels, marked text, plots."""
import gradio as gr
import pandas as pd
from common import offer, same

with gr.Blocks(title="Tables") as tables:
    typed = gr.Dataframe(headers=["name", "age", "member"], datatype=["str", "number", "bool"], label="People", type="pandas")
    array = gr.Dataframe(headers=["x", "y"], type="array", label="Points", value=[[1, 2]])
    fixed = gr.Dataframe(headers=["a", "b"], col_count=(2, "fixed"), label="Fixed")

    def older(people):
        people = people.copy()
        people["age"] = people["age"] + 1
        return people, len(people)

    offer(older, typed, [gr.Dataframe(label="Older"), gr.Number(label="Count", precision=0)], "older")
    offer(lambda points: [[y, x] for x, y in points], array, array, "mirror")
    offer(lambda: pd.DataFrame({"day": ["Mon"], "rain": [1.5]}), None, fixed, "weather")

with gr.Blocks(title="JSON") as json:
    value = gr.JSON(label="Value", value={"seed": [1, 2]})
    offer(lambda value: value, value, gr.JSON(label="Same"), "same")
    offer(lambda value: {"keys": sorted(value)}, value, gr.JSON(label="Keys"), "keys")

with gr.Blocks(title="Labels") as labels:
    heard = gr.Textbox(label="Text")
    offer(lambda text: {"good": 0.75, "bad": 0.25}, heard, gr.Label(label="Mood", num_top_classes=2), "classify")
    offer(lambda text: text, heard, gr.Label(label="Word"), "name")
    offer(same, gr.Label(label="Given", value={"a": 1.0}), gr.Label(label="Back"), "label")

with gr.Blocks(title="Marked text") as marked:
    offer(lambda text: [(word, "long" if len(word) > 3 else None) for word in text.split()], gr.Textbox(label="Text"),
          gr.HighlightedText(label="Words", color_map={"long": "red"}), "mark")
    offer(lambda parts: [(one["token"], one["class_or_confidence"]) for one in parts], gr.HighlightedText(label="Words"), gr.HighlightedText(label="Words"), "again")
    offer(lambda text: {"text": text, "entities": [{"entity": "W", "start": 0, "end": 2}]}, gr.Textbox(label="Text"), gr.HighlightedText(label="Entities"), "entities")

with gr.Blocks(title="Plots") as plots:
    frame = pd.DataFrame({"day": [1, 2, 3], "rain": [0.5, 1.5, 2.5], "town": ["A", "B", "A"]})
    offer(lambda n: frame.head(int(n)), gr.Number(label="Rows"), gr.LinePlot(x="day", y="rain", label="Line"), "line")
    offer(lambda n: frame.head(int(n)), gr.Number(label="Rows"), gr.BarPlot(x="town", y="rain", color="town", label="Bars"), "bars")
    offer(lambda n: frame, gr.Number(label="Rows"), gr.ScatterPlot(x="day", y="rain", label="Dots"), "dots")
    offer(lambda n: None, gr.Number(label="Rows"), gr.Plot(label="Plot"), "nothing")

APPS = {"tables": tables, "json": json, "labels": labels, "marked": marked, "plots": plots}
