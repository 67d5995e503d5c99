"""`job.outputs` and `job.text`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from spacecall import AppError, Completed, Event, Output, Space, TextDelta
from spacecall._client.calls.job_iterators import OutputIterator, TextIterator
from tests.client.tools import collect


async def test_outputs_are_whole_values_and_the_result_once(space: Space) -> None:
    async with space.call("/stream_text", text="w", n=3) as job:
        assert [value async for value in job.outputs] == ["w0 ", "w0 w1 ", "w0 w1 w2 "]


async def test_outputs_of_a_function_that_does_not_stream_are_its_result(space: Space) -> None:
    async with space.call("/add", a=1) as job:
        assert [value async for value in job.outputs] == [11]


async def test_pieces_of_text_join_to_the_value(space: Space) -> None:
    async with space.call("/stream_text", text="é\u2028漢", n=5) as job:
        pieces = [piece async for piece in job.text]
        assert "".join(pieces) == await job.result()
    assert len(pieces) == 5
    assert [piece.offset for piece in pieces] == [5 * i for i in range(5)]


async def test_rewritten_text_says_where_it_begins_anew(space: Space) -> None:
    text, pieces = "", list[TextDelta]()
    async with space.call("/stream_edit", text="sh") as job:
        async for piece in job.text:
            text = text[: piece.offset] + piece
            pieces.append(piece)
    assert text == "end"
    assert pieces[4] == "ort"
    assert pieces[4].offset == 2
    assert pieces[5].offset == 0


async def test_text_of_a_function_that_does_not_stream_is_one_piece(space: Space) -> None:
    async with space.call("/echo", text="whole") as job:
        assert [piece async for piece in job.text] == ["whole"]


async def test_text_of_a_value_without_text_is_a_type_error(space: Space) -> None:
    async with space.call("/add", a=1) as job:
        with pytest.raises(TypeError, match="no text"):
            _ = [piece async for piece in job.text]


async def test_a_component_that_holds_none_has_an_empty_text() -> None:
    async def events() -> AsyncIterator[Event[Any]]:
        for value in (None, (None, [1]), "a", ("ab", [1]), None, "c"):
            yield Output(value)

    pieces = [(str(piece), piece.offset) async for piece in TextIterator(events())]
    assert pieces == [("a", 0), ("b", 1), ("", 0), ("c", 0)]


async def test_an_error_ends_a_lens_as_it_ends_the_job(space: Space) -> None:
    pieces = list[TextDelta]()
    async with space.call("/fail_mid", text="x") as job:
        with pytest.raises(AppError, match="boom mid-stream"):
            await collect(job.text, pieces)
    assert pieces == ["first", " second"]


@pytest.mark.parametrize(
    ("last", "result"),
    [(0, False), ({"a": 1}, {"a": 1.0}), (-0.0, 0), ([True], [1]), (0.0, -0.0)],
)
async def test_a_result_of_another_kind_than_the_last_value_comes(last: Any, result: Any) -> None:
    async def events() -> AsyncIterator[Event[Any]]:
        yield Output(last)
        yield Completed(result, None)

    assert [repr(value) async for value in OutputIterator(events())] == [repr(last), repr(result)]


async def test_a_result_that_repeats_the_last_value_is_left_out() -> None:
    async def events() -> AsyncIterator[Event[Any]]:
        yield Output({"a": [1, -0.0]})
        yield Completed({"a": [1, -0.0]}, None)

    assert [value async for value in OutputIterator(events())] == [{"a": [1, -0.0]}]


def answers(*texts: str | None) -> list[Any]:
    """Return the values of a chatbot while the answer grows."""
    return [[{"role": "user", "content": "hi"}, {"role": "assistant", "content": t}] for t in texts]


BESIDE_A_CLEARED_TEXTBOX: list[Any] = [("", chat) for chat in answers("a", "ab")]
BEFORE_A_STATUS: list[Any] = [(chat, "status") for chat in answers("a", "ab")]
PAIRS: list[Any] = [("", []), ("", [["hi", None]]), ("", [["hi", "a"]])]
BEGINNING: list[Any] = [[], *answers("a")]
LABELLED_WORDS: list[Any] = [("text", [["word", "label"]])]


@pytest.mark.parametrize(
    ("values", "pieces"),
    [
        (BESIDE_A_CLEARED_TEXTBOX, ["a", "b"]),
        (BEFORE_A_STATUS, ["a", "b"]),
        (PAIRS, ["a"]),
        (BEGINNING, ["a"]),
        (LABELLED_WORDS, ["text"]),
    ],
)
async def test_text_follows_the_answer_of_a_chatbot(values: list[Any], pieces: list[str]) -> None:
    async def events() -> AsyncIterator[Event[Any]]:
        for value in values:
            yield Output(value)

    assert [str(piece) async for piece in TextIterator(events())] == pieces
