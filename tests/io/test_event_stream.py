"""Streams of events: their text, however it is cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from spacecall._io.event_stream import iterate_data
from spacecall.errors import ProtocolError
from tests.io.tools import STEADY

KIND = "text/event-stream; charset=utf-8"


def streamed(*chunks: bytes, content_type: str = KIND) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return httpx.Response(200, headers={"content-type": content_type}, content=body())


async def read(*chunks: bytes, limit: int = 10_000) -> list[str]:
    return [text async for text in iterate_data(streamed(*chunks), limit=limit)]


@pytest.mark.parametrize(
    ("stream", "texts"),
    [
        (b"data: one\n\ndata: two\n\n", ["one", "two"]),
        (b"data:one\n\n", ["one"]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", ["one", "two"]),
        (b"data: one\r\rdata: two\r\r", ["one", "two"]),
        (b": a comment\n\ndata: one\n: another\n\n", ["one"]),
        (b"event: complete\nid: 7\nretry: 10\ndata: one\n\n", ["one"]),
        (b"event: heartbeat\n\ndata: one\n\n", ["one"]),
        (b"data: two\ndata: lines\n\n", ["two\nlines"]),
        (b"data\n\ndata: one\n\n", ["one"]),
        (b"unknown: field\ndata: one\n\n", ["one"]),
        ("data: caf\u00e9 \u2028\u2029\x85\x0b\x0c \U0001f600\n\n".encode(), None),
        (b"\n\n\n", []),
        (b"", []),
        (b"data: whole\n\ndata: not ended\n", ["whole"]),
        (b"data: whole\n\ndata: cut in the mi", ["whole"]),
    ],
)
async def test_the_data_of_each_event(stream: bytes, texts: list[str] | None) -> None:
    expected = [stream.decode()[6:-2]] if texts is None else texts
    assert await read(stream) == expected
    one_byte_at_a_time = [stream[i : i + 1] for i in range(len(stream))]
    assert await read(*one_byte_at_a_time) == expected


@STEADY
@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\r\n\x00", codec="utf-8"), min_size=1).filter(
            lambda text: not text.startswith(" ")
        ),
        max_size=5,
    ),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    cuts=st.lists(st.integers(0, 300), max_size=8),
)
async def test_cuts_anywhere_change_nothing(texts: list[str], ending: str, cuts: list[int]) -> None:
    stream = "".join(f"data: {text}{ending}{ending}" for text in texts).encode()
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(places)]
    assert await read(*chunks) == texts


@pytest.mark.parametrize("kind", ["text/html", "application/json", ""])
async def test_an_answer_of_another_type_is_no_stream(kind: str) -> None:
    response = streamed(b"<html>", content_type=kind)
    with pytest.raises(ProtocolError, match="text/event-stream"):
        await anext(iterate_data(response, limit=100))


async def test_an_event_over_the_limit_ends_the_stream() -> None:
    chunks = [b"data: " + b"x" * 400, b"x" * 400, b"x" * 400, b"\n\n"]
    source = iterate_data(streamed(b"data: small\n\n", *chunks), limit=1000)
    assert await anext(source) == "small"
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        await anext(source)


async def test_a_line_without_end_is_not_kept_beyond_the_limit() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            await checkpoint()  # as a network is waited for
            taken += 100
            yield b"x" * 100

    response = httpx.Response(200, headers={"content-type": KIND}, content=endless())
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        await anext(iterate_data(response, limit=1000))
    assert taken <= 1200


async def test_many_events_together_may_be_larger_than_the_limit_of_one() -> None:
    event = b"data: " + b"x" * 90 + b"\n\n"
    assert len(await read(*[event] * 100, limit=1000)) == 100


async def test_leaving_early_closes_the_body() -> None:
    closed = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal closed
        try:
            while True:
                await checkpoint()
                yield b"data: x\n\n"
        finally:
            closed = True

    response = httpx.Response(200, headers={"content-type": KIND}, content=body())
    source = iterate_data(response, limit=1000)
    assert await anext(source) == "x"
    await source.aclose()
    assert closed
