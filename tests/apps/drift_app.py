"""Two versions of one app, /old and /new: each endpoint has one change, and is named after its rule.

    python drift_app.py --port 7860

What follows `_if_` in the name of an endpoint is a variant of the rule; `quiet_if_…` are changes of
which nothing may be reported. /login and /small are the new app with a login, and with a limit for
uploads.
"""
import argparse
import os
import random

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import fastapi
import gradio as gr
import uvicorn

GRADIO_5 = gr.__version__.startswith("5")
PRIVATE = {"api_name": False} if GRADIO_5 else {"api_visibility": "private"}
UNDOCUMENTED = {"show_api": False} if GRADIO_5 else {"api_visibility": "undocumented"}


def show(x):
    """Say what came; of a file only its type, since each has another path."""
    return repr(x) if isinstance(x, (str, int, float, bool, list, type(None))) else type(x).__name__


def count(x):
    return str(len(x)) if isinstance(x, list) else type(x).__name__


def run(name, inputs, outputs=None, function=show, **options):
    """An endpoint whose function gets `inputs` and gives `outputs`, by default a text."""
    outputs = [gr.Textbox(label="Out")] if outputs is None else outputs
    options = {"api_name": name, **options}
    gr.Button().click(function, inputs, outputs, **options)


def takes(name, old, new, function=show):
    """An endpoint with one input: `old()` in the old app, `new()` in the new one."""
    return lambda is_new: run(name, [(new if is_new else old)()], function=function)


def gives(name, old, new, value):
    """An endpoint that gives `value` to the outputs `old()` or `new()`."""
    return lambda is_new: run(name, [], (new if is_new else old)(), lambda: value(is_new))


def text(*args, **options):
    return lambda: gr.Textbox(*args, label="X", **options)


def number(*args, **options):
    return lambda: gr.Number(*args, label="X", **options)


def slider(*args, **options):
    return lambda: gr.Slider(*args, label="X", **options)


def choice(*args, **options):
    return lambda: gr.Dropdown(*args, label="X", **options)


def file(**options):
    return lambda: gr.File(label="X", **options)


def date(**options):
    return lambda: gr.DateTime(label="X", **options)


def texts(*labels):
    return lambda: [gr.Textbox(label=label) for label in labels]


def endpoint_removed(is_new):
    if not is_new:
        run("endpoint_removed", [gr.Textbox(label="X")])


def endpoint_renamed(is_new):
    inputs = [gr.Textbox(label="X"), gr.Checkbox(label="Only here")]
    name = "endpoint_renamed_now" if is_new else "endpoint_renamed"
    run(name, inputs, function=lambda x, only_here: x)


def endpoint_renamed_and_more(is_new):
    inputs = [gr.Textbox(label="X"), gr.Radio(["a"], value="a", label="Only there")]
    if is_new:
        run("another_name", [*inputs, gr.Number(1, label="Seed")], function=lambda x, there, seed: x)
    else:
        run("endpoint_removed_if_hint", inputs, function=lambda x, there: x)


def endpoint_private(is_new):
    run("endpoint_private", [gr.Textbox(label="X")], **(PRIVATE if is_new else {}))


def endpoint_undocumented(is_new):
    run("endpoint_undocumented", [gr.Textbox(label="X")], **(UNDOCUMENTED if is_new else {}))


def endpoint_reshuffled(is_new):
    translator = [gr.Textbox(label="X")]
    first, second = ([gr.Number(label="X")], translator)
    if is_new:
        first, second = translator, [gr.JSON(label="X")]
    run("endpoint_reshuffled", first, function=lambda x: f"first {x}")
    run("endpoint_reshuffled_1", second, function=lambda x: f"{second[0].get_block_name()} {x}")


def endpoint_added(is_new):
    if is_new:
        run("endpoint_added", [])


def parameter_added_required(is_new):
    more = [gr.Image(label="Y")] if is_new else []
    function = (lambda x, y: x) if is_new else (lambda x: x)
    run("parameter_added_required", [gr.Textbox(label="X"), *more], function=function)


def parameter_added_optional(is_new):
    more = [gr.Slider(0, 1, value=0.7, label="Y")] if is_new else []
    run("parameter_added_optional", [gr.Textbox(label="X"), *more], function=lambda x, y=None: x)


def parameter_removed(is_new):
    more = [] if is_new else [gr.Number(1, label="Y")]
    run("parameter_removed", [gr.Textbox(label="X"), *more], function=lambda x, y=None: x)


def parameter_renamed(is_new):
    function = (lambda text: text) if is_new else (lambda x: x)
    run("parameter_renamed", [gr.Textbox(label="X")], function=function)


def parameters_reordered(is_new):
    x, y = gr.Number(label="X"), gr.Number(label="Y")
    function = (lambda y, x: f"{x} x {y}") if is_new else (lambda x, y: f"{x} x {y}")
    run("parameters_reordered", [y, x] if is_new else [x, y], function=lambda *xs: function(*xs))


def streaming(name, streams):
    def whole(x):
        return x + "!"

    def pieces(x):
        yield x
        yield x + "!"

    return lambda is_new: run(
        name, [gr.Textbox(label="X")], function=pieces if is_new is streams else whole
    )


def queue_changed(is_new):
    run("queue_changed", [gr.Textbox(label="X")], queue=not is_new)


def state(name, stateful):
    def call(is_new):
        inputs = [gr.Textbox(label="X"), *([gr.State(1)] if is_new is stateful else [])]
        run(name, inputs, function=lambda x, state=None: x)

    return call


def loaded(is_new):
    clock = gr.Textbox("12:00" if is_new else "11:00", label="X")
    run("quiet_if_load_event", [clock])
    (gr.context.Context.root_block).load(lambda: "13:00", None, clock, **PRIVATE)


CHANGES = [
    endpoint_removed,
    endpoint_renamed,
    endpoint_renamed_and_more,
    endpoint_private,
    endpoint_undocumented,
    endpoint_reshuffled,
    endpoint_added,
    streaming("streaming_started", True),
    streaming("streaming_stopped", False),
    queue_changed,
    state("state_added", True),
    state("state_removed", False),
    parameter_added_required,
    parameter_added_optional,
    parameter_removed,
    parameter_renamed,
    parameters_reordered,
    takes("parameter_retyped", text(), number(precision=0)),
    takes("parameter_type_changed", text(), number()),
    takes("parameter_type_changed_if_boolean", text(), lambda: gr.Checkbox(label="X")),
    takes("parameter_retyped_if_slider", text(), slider(0, 9)),
    takes("parameter_retyped_if_precision", text(), number(precision=2)),
    takes("parameter_widened", number(precision=0), number()),
    takes("parameter_became_required", text("a"), text()),
    takes("parameter_became_optional", text(), text("a")),
    takes("app_default_removed", number(lambda: 5), number()),
    takes("default_changed", text("a"), text("b")),
    takes("default_changed_if_and_fixed", slider(0, 9, randomize=True), slider(0, 9, value=3)),
    takes("default_changed_if_computed", slider(0, 9, value=3), slider(0, 9, randomize=True)),
    takes("default_refused_if_choice", choice(["a", "b"]), choice(["b", "c"])),
    takes("default_refused_if_radio", lambda: gr.Radio(["a", "b"], value="a", label="X"),
          lambda: gr.Radio(["b"], value="b", label="X")),
    takes("default_refused_if_list", lambda: gr.CheckboxGroup(["a", "b"], value=["a"], label="X"),
          lambda: gr.CheckboxGroup(["b"], value=["b"], label="X")),
    takes("default_refused_if_maximum", slider(0, 100, value=50), slider(0, 10, value=5)),
    takes("default_refused_if_minimum", number(1, minimum=0), number(7, minimum=5)),
    takes("default_refused_if_type", text("a"), number(1, precision=0)),
    takes("default_changed_if_unchecked_type", text("a"), number(1)),
    takes("default_refused_if_and_required", choice(["a", "b"]), choice(["b"], value=None)),
    takes("minimum_narrowed", slider(0, 100, value=50), slider(10, 100, value=50)),
    takes("minimum_narrowed_if_number", number(minimum=0), number(minimum=5)),
    takes("minimum_widened", slider(10, 100, value=50), slider(0, 100, value=50)),
    takes("maximum_narrowed", slider(0, 100, value=5), slider(0, 50, value=5)),
    takes("maximum_widened", slider(0, 50, value=5), slider(0, 100, value=5)),
    takes("step_narrowed", slider(0, 64, step=1), slider(0, 64, step=8)),
    takes("step_widened", slider(0, 64, step=8), slider(0, 64, step=2)),
    takes("fractions_rounded", number(), number(precision=0)),
    takes("date_format_refused", date(), date(include_time=False)),
    takes("date_format_refused_if_with_time", date(include_time=False), date()),
    takes("date_format_changed", date(type="string"), date(type="string", include_time=False)),
    takes("choice_added", choice(["a", "b"]), choice(["a", "b", "c"])),
    takes("choice_removed", choice(["a", "b", "c"]), choice(["a", "b"])),
    takes("choices_replaced", choice(["a", "b"]), choice(["c", "d"])),
    takes("choices_replaced_if_none_left", choice(["a", "b"]), choice([])),
    takes("choices_closed", choice(["a"], allow_custom_value=True), choice(["a"])),
    takes("choices_opened", choice(["a"]), choice(["a"], allow_custom_value=True)),
    takes("file_count_narrowed", file(file_count="multiple"), file(), count),
    takes("file_count_widened", file(), file(file_count="multiple"), count),
    takes("file_types_narrowed", file(file_types=[".txt", ".md"]), file(file_types=[".md"])),
    takes("file_types_widened", file(file_types=[".md"]), file(file_types=[".txt", ".md"])),
    takes("component_changed", text(), lambda: gr.Code(label="X")),
    takes("component_changed_if_text_box", number(), text()),
    takes("file_payload_changed", lambda: gr.Image(label="X"), lambda: gr.ImageEditor(label="X")),
    gives("output_added", texts("A"), texts("A", "B"), lambda is_new: ["a", "b"] if is_new else "a"),
    gives("output_removed", texts("A", "B"), texts("A"), lambda is_new: "a" if is_new else ["a", "b"]),
    gives("outputs_reordered", texts("A", "B"), texts("B", "A"),
          lambda is_new: ["b", "a"] if is_new else ["a", "b"]),
    gives("output_relabelled", texts("A", "B"), texts("A", "C"), lambda is_new: ["a", "b"]),
    gives("output_retyped", texts("A"), lambda: [gr.Number(label="A")],
          lambda is_new: 1 if is_new else "a"),
    gives("output_narrowed", lambda: [gr.Number(label="A")],
          lambda: [gr.Number(label="A", precision=0)], lambda is_new: 1),
    takes("quiet_if_random", slider(0, 100, randomize=True), slider(0, 100, randomize=True)),
    takes("quiet_if_called", number(lambda: random.random()), number(lambda: random.random())),
    loaded,
    takes("quiet_if_empty_choices", choice([]), choice([])),
    takes("quiet_if_looks", text(lines=1), text(lines=9, placeholder="…")),
]


def build(is_new):
    with gr.Blocks(title="Drift") as demo:
        for change in CHANGES:
            change(is_new)
    return demo


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    server = fastapi.FastAPI()

    @server.get("/config")
    def config():
        return {}

    gr.mount_gradio_app(server, build(False), "/old")
    gr.mount_gradio_app(server, build(True), "/new")
    gr.mount_gradio_app(server, build(True), "/login", auth=("ada", "lace"))
    gr.mount_gradio_app(server, build(True), "/small", max_file_size=10)
    uvicorn.run(server, port=port, log_level="warning")
