"""Apps of one function: gr.Interface and its options."""
import functools
import tempfile
import zipfile

import gradio as gr
from registry import V, demo

FLAGGING = {"flagging_mode": "never"} if V >= (5, 0) else {"allow_flagging": "never"}


@demo()
def greeting():
    def greet(name, excited):
        """Says hello."""
        return f"Hello, {name}{'!' if excited else '.'}"

    return gr.Interface(greet, [gr.Textbox(label="Name"), gr.Checkbox(label="Excited")], "text", **FLAGGING)


@demo()
def calculator():
    def calculate(left, operation, right):
        if operation == "divide":
            if right == 0:
                raise gr.Error("Cannot divide by zero!")
            return left / right
        return {"add": left + right, "subtract": left - right, "multiply": left * right}[operation]

    return gr.Interface(
        calculate,
        ["number", gr.Radio(["add", "subtract", "multiply", "divide"]), "number"],
        "number",
        examples=[[45, "add", 3], [3.14, "divide", 2], [144, "multiply", 2.5]],
        title="Toy calculator",
        **FLAGGING,
    )


@demo()
def sentence_builder():
    def build(quantity, animal, countries, place, activities, morning):
        return f"The {quantity} {animal}s from {' and '.join(countries or [])} went to the {place} where they {' and '.join(activities or [])} until the {'morning' if morning else 'night'}"

    return gr.Interface(
        build,
        [
            gr.Slider(2, 20, value=4, step=1, label="Count", info="Between 2 and 20"),
            gr.Dropdown(["cat", "dog", "bird"], label="Animal", info="More later!"),
            gr.CheckboxGroup(["USA", "Japan", "Pakistan"], label="Countries"),
            gr.Radio(["park", "zoo", "road"], label="Location"),
            gr.Dropdown(["ran", "swam", "ate", "slept"], value=["swam", "slept"], multiselect=True, label="Activity"),
            gr.Checkbox(label="Morning", info="Did they do it in the morning?"),
        ],
        "text",
        **FLAGGING,
    )


@demo()
def no_inputs():
    return gr.Interface(lambda: "the same each time", None, "text", **FLAGGING)


@demo()
def no_outputs():
    return gr.Interface(lambda text: None, "text", None, **FLAGGING)


@demo()
def countdown():
    def count(start):
        for number in range(int(start or 0), 0, -1):
            yield f"{number}…"
        yield "liftoff"

    return gr.Interface(count, gr.Slider(0, 5, 3, step=1), "text", **FLAGGING)


@demo()
def live_shout():
    return gr.Interface(lambda text: (text or "").upper(), "text", "text", live=True, **FLAGGING)


@demo()
def text_statistics():
    def count(text="some words", letter="o", /):
        return len(text.split()), text.count(letter), {word: len(word) for word in text.split()}

    return gr.Interface(
        count,
        [gr.Textbox(label="Text", lines=3), gr.Textbox("o", label="Letter", max_lines=1)],
        [gr.Number(label="Words", precision=0), gr.Number(label="Occurrences"), gr.JSON(label="Lengths")],
        **FLAGGING,
    )


@demo()
def two_tabs():
    first = gr.Interface(lambda text: text[::-1], "text", "text", **FLAGGING)
    second = gr.Interface(lambda text: text.title(), "text", "text", **FLAGGING)
    return gr.TabbedInterface([first, second], ["Reverse", "Title"])


@demo()
def zip_files():
    def archive(files):
        path = tempfile.mktemp(suffix=".zip")
        with zipfile.ZipFile(path, "w") as target:
            for number, file in enumerate(files or []):
                with open(file, "rb") as source:
                    target.writestr(zipfile.ZipInfo(f"{number}.bin"), source.read())
        return path

    return gr.Interface(archive, gr.File(file_count="multiple"), "file", **FLAGGING)


@demo()
def spare_inputs():
    def compose(word, times, end):
        return (word or "") * int(times) + (end or "")

    return gr.Interface(
        compose,
        "text",
        gr.Textbox(label="Joined"),
        additional_inputs=[gr.Slider(1, 5, 2, step=1, label="Times"), gr.Textbox(".", label="End")],
        **FLAGGING,
    )


@demo()
def batched_lengths():
    def measure(words, lengths):
        return [[word[: int(length)] for word, length in zip(words, lengths)], [len(word) for word in words]]

    return gr.Interface(
        measure, ["text", gr.Number(3, label="Length")], ["text", "number"], batch=True, max_batch_size=4, **FLAGGING
    )


@demo()
def flagged():
    options = {"flagging_mode": "manual"} if V >= (5, 0) else {"allow_flagging": "manual"}
    return gr.Interface(
        lambda text: text, "text", "text", flagging_dir=tempfile.mkdtemp(), flagging_options=["right", "wrong"], **options
    )


@demo()
def partial_and_method():
    class Greeter:
        def __call__(self, name):
            return f"Dear {name}"

        def leave(self, name):
            return f"Bye {name}"

    with gr.Blocks() as app:
        text, out = gr.Textbox(label="Name"), gr.Textbox(label="Letter")
        gr.Button().click(Greeter(), text, out)
        gr.Button().click(Greeter().leave, text, out)
        gr.Button().click(functools.partial(lambda end, name: f"{name}{end}", "?!"), text, out)
        gr.Button().click(lambda name: f"λ {name}", text, out)
    return app


@demo()
def example_rows():
    with gr.Blocks() as app:
        text, number, out = gr.Textbox(label="Text"), gr.Number(label="Number"), gr.Textbox(label="Out")
        gr.Button().click(lambda text, number: f"{text} {number}", [text, number], out, api_name="run")
        gr.Examples([["one", 1], ["two", 2.5], ["", 0]], [text, number], api_name="pick")
        gr.Examples(
            [["a", 1], ["b", 2]], [text, number], out, lambda text, number: f"{text}{number}", run_on_click=True,
            cache_examples=False, api_name="pick_and_run",
        )
    return app
