"""Numbers, ranges, switches, times and colours."""
import datetime

import gradio as gr
from common import offer, same

with gr.Blocks(title="Numbers") as numbers:
    real = gr.Number(label="Real")
    limited = gr.Number(label="Between", value=5, minimum=1, maximum=10, step=0.5)
    whole = gr.Number(label="Whole", value=3, precision=0)
    cents = gr.Number(label="Cents", value=1.25, precision=2)
    answer = gr.Number(label="Answer")
    offer(lambda real, limited: real * limited, [real, limited], answer, "multiply")
    offer(lambda whole, cents: (whole, cents, f"{type(whole).__name__} {type(cents).__name__}"),
          [whole, cents], [gr.Number(precision=0, label="Whole"), gr.Number(precision=2, label="Cents"), gr.Textbox(label="Kinds")], "kinds")
    offer(lambda maybe: repr(maybe), gr.Number(label="Maybe"), gr.Textbox(), "maybe")

with gr.Blocks(title="Sliders") as sliders:
    steps = gr.Slider(1, 50, value=20, step=1, label="Steps")
    fine = gr.Slider(0, 1, value=0.5, label="Fineness")
    negative = gr.Slider(-10, 10, value=-2, step=2, label="Shift")
    offer(lambda steps, fine, shift: (steps + shift, fine), [steps, fine, negative], [gr.Slider(-100, 100, label="Sum"), fine], "slide")

with gr.Blocks(title="Switches") as switches:
    offer(lambda on, off: (not on, f"{on} {off}"), [gr.Checkbox(label="On", value=True), gr.Checkbox(label="Off")],
          [gr.Checkbox(label="Turned"), gr.Textbox(label="Both")], "turn")

with gr.Blocks(title="Times and colours") as times:
    stamp = gr.DateTime(label="When")
    day = gr.DateTime(label="Day", include_time=False, type="string")
    moment = gr.DateTime(label="Moment", type="datetime", timezone="UTC")
    offer(lambda when: (repr(when), when), stamp, [gr.Textbox(label="Seen"), gr.DateTime(label="Back", timezone="UTC")], "when")
    offer(lambda day: (repr(day), day), day, [gr.Textbox(label="Seen"), gr.DateTime(label="Back", include_time=False)], "day")
    offer(lambda moment: moment + datetime.timedelta(days=1), moment, gr.DateTime(label="Next", timezone="UTC"), "tomorrow")
    offer(same, gr.ColorPicker(label="Ink", value="#ff0000"), gr.ColorPicker(label="Ink"), "colour")

APPS = {"numbers": numbers, "sliders": sliders, "switches": switches, "times": times}
