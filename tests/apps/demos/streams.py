"""Functions that give values while they work, async ones, batches, gr.api."""
import asyncio
import time
from typing import Literal

import gradio as gr
from registry import V, demo, endpoint


@demo()
def slow_texts():
    with gr.Blocks() as app:
        text = gr.Textbox("abc", label="Text")
        def letters(text):
            for end in range(len((text or "")[:12])):
                yield text[: end + 1]
        endpoint(letters, text, gr.Textbox())
        def rewrites(text):
            yield "a long beginning"
            yield "a short"
            yield ""
            yield text
        endpoint(rewrites, text, gr.Textbox())
        def two(text):
            for number in range(3):
                yield f"{text} {number}", number
        endpoint(two, text, [gr.Textbox(), gr.Number()])
        def nothing(text):
            return
            yield
        endpoint(nothing, text, gr.Textbox())
        def once(text):
            yield text
        endpoint(once, text, gr.Textbox())
        def same(text):
            for _ in range(3):
                yield text
        endpoint(same, text, gr.Textbox())
    return app


@demo()
def slow_structures():
    with gr.Blocks() as app:
        def records():
            rows = []
            for number in range(4):
                rows = [*rows, {"id": number, "tags": ["t"] * number}]
                yield rows
            yield rows[1:]
            yield [{"id": "changed"}, *rows[2:]]
            yield {"now": "an object"}
            yield None
            yield 5
        endpoint(records, None, gr.JSON())
        def table():
            for number in range(1, 4):
                yield [[row, str(row)] for row in range(number)]
        endpoint(table, None, gr.Dataframe(headers=["n", "text"]))
        def levels():
            for number in (0.1, 0.5, 0.9):
                yield {"yes": number, "no": 1 - number}
        endpoint(levels, None, gr.Label())
    return app


@demo()
def awaited():
    with gr.Blocks() as app:
        text = gr.Textbox("async", label="Text")
        async def wait(text):
            await asyncio.sleep(0.01)
            return f"waited {text}"
        endpoint(wait, text, gr.Textbox())
        async def trickle(text):
            for letter in (text or "")[:5]:
                await asyncio.sleep(0.005)
                yield letter
        endpoint(trickle, text, gr.Textbox())
    return app


@demo()
def batches():
    with gr.Blocks() as app:
        words, times = gr.Textbox("w", label="Word"), gr.Number(2, label="Times", precision=0)
        def repeat(words, times):
            return [[word * (count or 0) for word, count in zip(words, times)]]
        endpoint(repeat, [words, times], gr.Textbox(), batch=True, max_batch_size=3)
        def both(words):
            return [word.upper() for word in words], [len(word) for word in words]
        endpoint(both, words, [gr.Textbox(), gr.Number()], batch=True)
    return app


@demo()
def stepwise_bot():
    with gr.Blocks() as app:
        chat = gr.Chatbot(label="Chat", **({"type": "messages"} if V < (6, 0) else {}))
        text = gr.Textbox("hi", label="Text")
        def user(text, history):
            return "", [*(history or []), {"role": "user", "content": text}]
        def bot(history):
            history = [*(history or []), {"role": "assistant", "content": ""}]
            for word in ("well", ", ", "hello"):
                history[-1]["content"] += word
                time.sleep(0.005)
                yield history
        sent = text.submit(user, [text, chat], [text, chat], api_name="user", queue=False)
        sent.then(bot, chat, chat, api_name="bot")
    return app


@demo(since=(5, 0))
def plain_functions():
    with gr.Blocks() as app:
        def add(left: int, right: int = 2) -> int:
            """Adds two numbers.

            Args:
                left: the first
                right: the second
            """
            return left + right
        gr.api(add, api_name="add")
        def describe(name: str, tags: list[str], sizes: dict[str, float], exact: bool = False) -> dict:
            return {"name": name, "tags": tags, "sizes": sizes, "exact": exact}
        gr.api(describe, api_name="describe")
        def pick(mode: Literal["fast", "slow"] = "fast", limit: float | None = None) -> str:
            return f"{mode} {limit}"
        gr.api(pick, api_name="pick")
        def count(end: int):
            for number in range(min(end, 3)):
                yield number
        gr.api(count, api_name="count")
        def pair(text: str) -> tuple[str, int]:
            return text, len(text)
        gr.api(pair, api_name="pair")
        def untyped(value):
            return value
        try:
            gr.api(untyped, api_name="untyped")
        except Exception:
            pass
        def nothing(text: str) -> None:
            return None
        gr.api(nothing, api_name="nothing")
    return app
