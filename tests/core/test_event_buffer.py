"""The backlog: how much it keeps, what it drops, in which order it gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.event_buffer import EventBuffer
from spacecall.events import (
    Completed,
    Event,
    Log,
    Output,
    Progress,
    ProgressUnit,
    Queued,
    Started,
    Uploading,
)

KINDS = 7
"""Kinds of events; each may need one place, however small the backlog is."""


def line(number: int) -> Log:
    return Log(str(number), "info", None, None)


def bar(number: int) -> Progress:
    return Progress((ProgressUnit(number, None, None, None, None),))


def kept(limit: int, events: list[Event[Any]]) -> list[Event[Any]]:
    backlog = EventBuffer(limit, 10**9)
    for event in events:
        backlog.push(event)
    return drain(backlog)


def drain(backlog: EventBuffer) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    while (event := backlog.pop()) is not None:
        events.append(event)
    return events


def test_events_come_out_in_the_order_they_went_in() -> None:
    events: list[Event[Any]] = [
        Queued(1, 1, None),
        Started(None),
        line(1),
        Output("a"),
        Completed("b", None),
    ]
    assert kept(10, events) == events


def test_an_empty_backlog_gives_nothing() -> None:
    backlog = EventBuffer(3, 10**9)
    assert backlog.pop() is None
    backlog.push(Started(None))
    assert len(backlog) == 1
    backlog.clear()
    assert backlog.pop() is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (Output("a"), Output("b")),
        (Queued(2, 2, None), Queued(1, 2, None)),
        (bar(1), bar(2)),
        (Uploading(1, 9), Uploading(2, 9)),
    ],
    ids=["snapshot", "place", "progress", "upload"],
)
def test_a_newer_one_of_its_kind_takes_the_place_of(older: Event[Any], newer: Event[Any]) -> None:
    assert kept(2, [older, line(1), newer]) == [line(1), newer]


def test_what_is_out_of_date_goes_before_any_log_line() -> None:
    events: list[Event[Any]] = [line(1), Output("a"), Output("b"), line(2)]
    assert kept(3, events) == [line(1), Output("b"), line(2)]


def test_the_oldest_log_line_goes_when_nothing_is_out_of_date() -> None:
    events: list[Event[Any]] = [Started(None), line(1), line(2), Output("a"), line(3)]
    assert kept(4, events) == [Started(None), line(2), Output("a"), line(3)]


def test_a_slow_consumer_of_many_snapshots_gets_the_newest_and_the_result() -> None:
    snapshots: list[Event[Any]] = [Output(n) for n in range(1000)]
    assert kept(3, [*snapshots, Completed("end", None)]) == [
        Output(998),
        Output(999),
        Completed("end", None),
    ]


EVENTS = st.one_of(
    st.builds(Uploading, st.integers(0, 9), st.none()),
    st.builds(Queued, st.integers(0, 9), st.none(), st.none()),
    st.integers(0, 9).map(bar),
    st.integers(0, 9).map(line),
    st.builds(Output, st.integers(0, 9)),
)


@given(
    limit=st.integers(1, 12),
    before=st.lists(EVENTS, max_size=30),
    after=st.lists(EVENTS, max_size=30),
)
def test_it_stays_bounded_and_loses_no_start_no_end_and_no_newest_value(
    limit: int, before: list[Event[Any]], after: list[Event[Any]]
) -> None:
    backlog = EventBuffer(limit, 10**9)
    events = [*before, Started(1.0), *after, Completed("end", None)]
    for event in events:
        backlog.push(event)
        assert len(backlog) <= max(limit, KINDS)
    left = drain(backlog)
    assert left[-1] == Completed("end", None)
    assert Started(1.0) in left
    remaining = iter(events)
    assert all(any(event is later for later in remaining) for event in left), "the order is kept"
    for kind in (Uploading, Queued, Progress, Output):
        pushed = [event for event in events if isinstance(event, kind)]
        kept_of_kind = [event for event in left if isinstance(event, kind)]
        assert kept_of_kind[-1:] == pushed[-1:]
