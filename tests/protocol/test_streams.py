"""Messages do not depend on how the network cuts the stream that carries them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import pairwise

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given, settings
from hypothesis import strategies as st

from spacecall._core.queue_messages import Message, parse_message
from tests.protocol.captures import case, events, streams

pytestmark = pytest.mark.anyio


class Pieces(httpx.AsyncByteStream):
    """A body that arrives in these pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def received(pieces: Iterable[bytes]) -> list[Message]:
    response = httpx.Response(
        200,
        headers={"content-type": "text/event-stream; charset=utf-8"},
        stream=Pieces(pieces),
        request=httpx.Request("GET", "http://app.example/queue/data"),
    )
    return [parse_message(event.data) async for event in EventSource(response).aiter_sse()]


def cut(raw: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({position % (len(raw) + 1) for position in places}), len(raw)]
    return [raw[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize(
    "raw", [pytest.param(path.read_bytes(), id=case(path)) for path in streams("queue-data")]
)
async def test_a_recorded_stream_gives_its_messages_when_it_comes_byte_by_byte(raw: bytes) -> None:
    expected = [parse_message(data) for _, data in events(raw)]
    assert expected
    assert await received([raw]) == expected
    assert await received(bytes([byte]) for byte in raw) == expected


HARD = ["é", "日本", "😀", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "a: b", "", " "]


async def test_a_stream_gives_its_messages_wherever_it_is_cut_in_two() -> None:
    texts = [_log(text) for text in HARD]
    for newline in ("\n", "\r\n", "\r"):
        raw = _stream(texts, newline)
        for position in range(len(raw) + 1):
            assert await received([raw[:position], raw[position:]]) == [
                parse_message(text) for text in texts
            ]


@given(
    texts=st.lists(st.one_of(st.sampled_from(HARD), st.text(max_size=20)), max_size=6),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    places=st.lists(st.integers(min_value=0), max_size=40),
)
@settings(max_examples=150, deadline=None)
async def test_a_stream_gives_its_messages_however_it_is_cut(
    texts: list[str], newline: str, places: list[int]
) -> None:
    messages = [_log(text) for text in texts]
    raw = _stream(messages, newline)
    assert await received(cut(raw, places)) == [parse_message(message) for message in messages]


@pytest.mark.parametrize("missing", ["\n", "\n\n", '"}\n\n'])
async def test_a_message_that_the_stream_breaks_off_in_is_not_given(missing: str) -> None:
    raw = f"data: {_log('whole')}\n\ndata: {_log('broken')}\n\n".removesuffix(missing).encode()
    assert await received([raw]) == [parse_message(_log("whole"))]


def _log(text: str) -> str:
    """A message as Gradio writes it: compact, everything but control characters unescaped."""
    fields = {"msg": "log", "log": text, "level": "info", "event_id": "a"}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _stream(messages: Iterable[str], newline: str) -> bytes:
    """The stream as a server or a proxy may send it, comment lines between and in the events."""
    lines = [": ping"]
    for message in messages:
        lines += [f"data: {message}", ":", "", ": keep-alive", ""]
    return "".join(line + newline for line in lines).encode()
