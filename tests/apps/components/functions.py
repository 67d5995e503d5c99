"""Plain functions, State, updates, generators, batches, validators, the ways to the queue."""
import time
from typing import Literal, Optional, TypedDict, Union

import gradio as gr
from common import offer


class Point(TypedDict):
    x: int
    y: float


class Shape(TypedDict):
    name: str
    points: list[Point]


def plain(n: int, words: list[str], scale: float = 1.5, loud: bool = False) -> dict[str, int]:
    """Count words.

    Parameters:
        n: how often
    """
    return {word.upper() if loud else word: int(n * scale) for word in words}


def union(value: Union[int, str], maybe: Optional[str] = None, mode: Literal["a", "b"] = "a") -> str:
    return f"{value!r} {maybe!r} {mode}"


def modern(value: int | None, pair: tuple[int, str], table: dict[str, list[float]]) -> list[int | str]:
    return [0 if value is None else value, *pair, str(sum(table["x"]))]


def shape(point: Point, shapes: list[Shape]) -> Point:
    return {"x": point["x"] + len(shapes), "y": point["y"]}


def nothing() -> None:
    pass


def numbers(n: int):
    for i in range(n):
        yield i


def counted(n: int) -> int:
    for i in range(n):
        yield i


with gr.Blocks(title="Functions") as functions:
    for fn in (plain, union, modern, shape, nothing, numbers, counted):
        gr.api(fn, api_name=fn.__name__)

with gr.Blocks(title="State") as state:
    kept = gr.State([])
    said, seen, count = gr.Textbox(label="Said"), gr.JSON(label="Seen"), gr.State(0)

    def remember(said, kept, count):
        kept = [*kept, said]
        return kept, kept, count + 1

    offer(remember, [said, kept, count], [kept, seen, count], "remember")
    offer(lambda count: count, count, gr.Number(label="Count", precision=0), "count")

with gr.Blocks(title="Updates") as updates:
    text = gr.Textbox(label="Text")
    offer(lambda text: (gr.Textbox(value=text.upper(), label="Loud"), gr.update(choices=["p", "q"], value="q"), gr.update(visible=False)),
          text, [text, gr.Dropdown(["x"], label="Pick"), gr.Radio(["m"], label="Hidden")], "update")
    offer(lambda text: gr.Slider(maximum=20, value=15), text, gr.Slider(0, 10, label="Range"), "range")

with gr.Blocks(title="Streams") as streams:
    word, times = gr.Textbox(label="Word"), gr.Slider(1, 10, value=3, step=1, label="Times")

    def repeat(word, times):
        for n in range(1, int(times) + 1):
            time.sleep(0.02)
            yield word * n, n

    def grow(times):
        for n in range(int(times)):
            time.sleep(0.02)
            yield {"items": list(range(n + 1)), "last": {"n": n}}

    async def letters(word):
        for letter in word:
            yield letter

    offer(repeat, [word, times], [gr.Textbox(label="Words"), gr.Number(label="Count", precision=0)], "repeat")
    offer(grow, times, gr.JSON(label="Tree"), "grow")
    offer(letters, word, gr.Textbox(label="Letter"), "letters")

with gr.Blocks(title="Queue or not") as queues:
    text = gr.Textbox(label="Text")
    answer = gr.Textbox(label="Answer")
    offer(lambda text: f"at once {text}", text, answer, "at_once", queue=False)
    offer(lambda value: {"got": value}, gr.JSON(label="Value"), gr.JSON(label="Got"), "json_at_once", queue=False)
    offer(lambda texts: [[one.upper() for one in texts]], text, answer, "batch", batch=True, max_batch_size=4)
    offer(lambda texts, numbers: ([one * int(n) for one, n in zip(texts, numbers)], numbers),
          [text, gr.Number(label="Times")], [answer, gr.Number(label="Again")], "batch_of_two", batch=True, max_batch_size=2)
    offer(lambda text: text, text, answer, "checked", validator=lambda text: gr.validate(text != "bad", "must not be bad"))
    first = offer(lambda text: f"first {text}", text, answer, "first")
    first.then(lambda text: f"then {text}", answer, answer, api_name="then")

APPS = {"functions": functions, "state": state, "updates": updates, "streams": streams, "queues": queues}
