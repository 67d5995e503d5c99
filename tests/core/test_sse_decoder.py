"""Events out of bytes: which ones, and that only their bytes cost anything."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._io.event_stream import event_splitter
from spacecall.errors import ProtocolError
from tests.core.cost import calls

KIB_64 = 65_536


def fed(stream: bytes, size: int, limit: int = 10**6) -> list[tuple[str, str]]:
    splitter = event_splitter(limit)
    return [
        event
        for start in range(0, len(stream), size)
        for event in splitter.feed(stream[start : start + size])
    ]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata:b\n\n", [("message", "a"), ("message", "b")]),
        (b"event: log\ndata: a\ndata: b\n\n", [("log", "a\nb")]),
        (b"event\ndata: a\n\n", [("message", "a")]),
        (b"data: \n\ndata\n\ndata:\n\n", []),
        (b"database: x\n\n:data\n\n", []),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [("message", x) for x in "abc"]),
        (b"\n\n\ndata: a\n\n\n\n", [("message", "a")]),
        (b"id: 1\nretry: " + b"1" * 5000 + b"\ndata: a\n\n", [("message", "a")]),
        (b"data: \xff\ndata\n\n", [("message", "\ufffd\n")]),
        (b"data: never ended\n", []),
        (b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", "a"), ("message", "b")]),
        (b"\xef\xbb\xbf\ndata: a\n\n", [("message", "a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("message", "a")]),
        (b"\xef\xbb", []),
    ],
)
def test_the_events_of_a_stream_however_it_is_cut(
    stream: bytes, events: list[tuple[str, str]]
) -> None:
    for size in (1, 2, 3, len(stream)):
        assert fed(stream, size) == events


def test_the_events_of_a_stream_that_is_cut_between_them() -> None:
    splitter = event_splitter(20)
    assert splitter.feed(b"data: a\n\n") == [("message", "a")]
    assert splitter.feed(b"data: \xff\n\n") == [("message", "\ufffd")]
    assert splitter.feed(b"data: \n\n") == []
    assert splitter.feed(b"data: a\rdata: b\n\n") == [("message", "a\nb")]
    assert splitter.feed(b"data: " + b"x" * 14 + b"\n\n") == [("message", "x" * 14)]
    with pytest.raises(ProtocolError, match="an event of more than 20 bytes"):
        splitter.feed(b"data: " + b"x" * 15 + b"\n\n")


def test_a_byte_order_mark_that_is_cut_off_is_not_skipped() -> None:
    splitter = event_splitter(100)
    assert splitter.feed(b"\xef\xbb") == []
    assert splitter.feed(b"data: a\n\n") == []
    assert splitter.feed(b"data: b\n\n") == [("message", "b")]


@given(
    st.lists(
        st.sampled_from([b"\n", b"\r", b"\r\n", b"data", b": x", b":", b"event: e", b"data: y"])
    ),
    st.integers(1, 9),
)
def test_cuts_change_nothing(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    assert fed(stream, size) == fed(stream, len(stream) or 1)


@pytest.mark.parametrize("size", [1, 50, 5_000])
def test_an_event_over_the_limit_is_refused(size: int) -> None:
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        fed(b"data: " + b"x" * 1000 + b"\n\n", size, limit=1000)


@pytest.mark.parametrize(
    "block", [b"\n", b"\r", b"\r\n", b":\n\n", b":\r\n\r\n", b"id: 1\n\n", b"event: x\n\n", b"x\n"]
)
def test_blank_lines_and_blocks_without_data_cost_no_call_of_their_own(block: bytes) -> None:
    splitter = event_splitter(10**9)
    stream = block * (KIB_64 // len(block))
    assert calls(partial(splitter.feed, stream)) < 40


@pytest.mark.parametrize("block", [b"data: x\n\n", b"data:\n\n", b"data:x\n:\n\n", b"data\n"])
def test_events_cost_a_few_calls_each(block: bytes) -> None:
    splitter = event_splitter(10**9)
    number = KIB_64 // len(block)
    assert calls(partial(splitter.feed, block * number + b"\n")) < 24 * number + 80


def test_an_event_among_comments_costs_what_it_costs_alone() -> None:
    splitter = event_splitter(10**9)
    stream = b":\n\n" * 10_000 + b"data: x\n\n" + b":\n\n" * 10_000
    assert splitter.feed(stream) == [("message", "x")]
    # the blocks are looked at, and nothing is called for those that are no event
    assert calls(partial(splitter.feed, stream)) < 3 * 20_000 + 40


def test_an_event_in_many_tiny_chunks_costs_a_few_calls_for_each() -> None:
    splitter = event_splitter(10**9)
    chunks = [b"data: ", *[b"x"] * KIB_64, b"\n", b"\n"]

    def feed() -> None:
        for chunk in chunks:
            splitter.feed(chunk)

    assert calls(feed) < 8 * len(chunks)
