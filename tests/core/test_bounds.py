"""What is kept is bounded in bytes, as they came over the wire."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest

from spacecall._core import call_api_events as call_api
from spacecall._core import jobs, snapshots
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer
from spacecall._core.queue_messages import parse_message, wire_size
from spacecall._core.snapshots import Snapshot, apply_message
from spacecall.errors import ProtocolError
from spacecall.events import Completed, Event, Log, Output, Started
from spacecall.options import Limits
from tests.core.wire import a_job, completed, generating


def drain(backlog: EventBuffer) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    while (event := backlog.pop()) is not None:
        events.append(event)
    return events


def line(number: int) -> Log:
    return Log(str(number), "info", None, None)


def test_a_backlog_drops_snapshots_and_then_log_lines_for_their_bytes() -> None:
    backlog = EventBuffer(100, max_bytes=10)
    backlog.push(Started(None), 3)
    backlog.push(line(1), 3)
    backlog.push(Output("a"), 3)
    backlog.push(Output("b"), 4)
    assert len(backlog) == 3
    backlog.push(line(2), 3)
    assert drain(backlog) == [Started(None), Output("b"), line(2)]


def test_a_backlog_that_was_read_has_room_again() -> None:
    backlog = EventBuffer(100, max_bytes=10)
    for number in range(5):
        backlog.push(Output(number), 10)
        assert backlog.pop() == Output(number)
    backlog.push(Output("a"), 5)
    backlog.push(Output("b"), 5)
    backlog.clear()
    backlog.push(Output("c"), 5)
    backlog.push(Output("d"), 5)
    assert drain(backlog) == [Output("c"), Output("d")]


def test_a_backlog_keeps_the_result_whatever_its_size() -> None:
    backlog = EventBuffer(100, max_bytes=10)
    backlog.push(Output("a"), 100)
    backlog.push(Output("b"), 100)
    backlog.push(Completed("c", None), 100)
    assert drain(backlog) == [Output("b"), Completed("c", None)]


def test_events_of_a_job_count_the_bytes_of_their_messages() -> None:
    job = Job(0, follow=True, limits=Limits(max_buffered_bytes=100), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    for number in range(10):
        job.receive(parse_message(json.dumps({"msg": "log", "log": str(number)})), 40)
    assert drain(job.buffer) == [line(8), line(9)]


def test_a_snapshot_counts_all_the_messages_that_it_was_made_of() -> None:
    job = Job(0, follow=True, limits=Limits(max_buffered_bytes=100), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    job.receive(generating(["x" * 60]), 60)
    job.receive(generating([[["append", [], "y"]]]), 30)
    job.receive(generating([[["append", [], "z"]]]), 5)
    assert drain(job.buffer) == [Output(["x" * 60 + "yz"])]


def test_events_of_the_simple_call_api_count_their_bytes() -> None:
    job = Job(0, follow=True, limits=Limits(max_buffered_bytes=100), notify=lambda: None)
    for number in range(10):
        call_api.receive(job, "generating", json.dumps([number, "é" * 20]))
    assert drain(job.buffer) == [Output([9, "é" * 20])]


def test_early_messages_are_bounded_in_bytes() -> None:
    demux = Demultiplexer(Limits(max_early_bytes=100))
    demux.begin_join(a_job())
    demux.feed(completed(["x"], "a"), 60)
    demux.feed(completed(["x"], "b"), 40)
    with pytest.raises(ProtocolError, match=r"more than 100 bytes .*Limits\.max_early_bytes"):
        demux.feed(completed(["x"], "c"), 1)


def test_early_messages_that_were_handed_over_do_not_count() -> None:
    demux = Demultiplexer(Limits(max_early_bytes=100))
    first, second = a_job(), a_job()
    demux.begin_join(first)
    demux.begin_join(second)
    for event_id, job in (("a", first), ("b", second)):
        demux.feed(completed([event_id], event_id), 60)
        demux.accept(job, event_id)
        assert job.values == [event_id]


def test_the_size_of_a_text_is_that_of_its_bytes() -> None:
    assert [wire_size(text) for text in ("", "abc", "é\U0001f600", "\ud83d")] == [0, 3, 6, 3]


def append(text: str) -> list[Any]:
    return [[["append", [0], text]]]


def test_edits_build_up_no_value_over_the_limit() -> None:
    largest = 0

    def build_up() -> None:
        nonlocal largest
        snapshot = apply_message(None, [["x" * 100]], 110, 1000)
        for _ in range(100):
            snapshot = apply_message(snapshot, append("x" * 50), 80, 1000)
            largest = len(json.dumps(snapshot.values))

    with pytest.raises(ProtocolError, match=r"more than 1000 bytes: raise Limits\.max_event_bytes"):
        build_up()
    assert 900 < largest <= 1500


def test_edits_may_replace_for_ever() -> None:
    snapshot = apply_message(None, ["x" * 600], 610, 1000)
    for number in range(100):
        snapshot = apply_message(snapshot, [[["replace", [], f"{number}" * 300]]], 700, 1000)
        assert snapshot.size <= 1700


def test_measuring_costs_no_more_than_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = 0
    measure = snapshots._measure

    def counting(values: list[Any]) -> int:
        nonlocal measured
        size = measure(values)
        measured += size
        return size

    monkeypatch.setattr(snapshots, "_measure", counting)
    snapshot = apply_message(None, ["x" * 990], 995, 1000)
    received = 0
    for number in range(2_000):
        snapshot = apply_message(snapshot, [[["replace", [], "y" * (number % 10 + 980)]]], 20, 1000)
        received += 20
    assert measured <= 2 * received


def test_values_that_stay_small_are_counted_as_small() -> None:
    snapshot = apply_message(None, [0], 150, 2**25)
    for number in range(10_000):
        snapshot = apply_message(snapshot, [[["replace", [], number]]], 150, 2**25)
        assert snapshot.size < 4300
    assert snapshot.values == [9999]


def test_a_text_is_counted_with_at_most_twice_its_size() -> None:
    snapshot = apply_message(None, [""], 150, 2**25)
    for _ in range(5_000):
        snapshot = apply_message(snapshot, [[["append", [], "word "]]], 150, 2**25)
        assert len(snapshot.values[0]) <= snapshot.size <= 4300 + 2 * len(snapshot.values[0])


def test_whole_values_are_not_measured_by_those_before() -> None:
    snapshot = apply_message(None, ["x" * 900], 905, 1000)
    assert apply_message(None, ["y" * 900], 905, 1000) == Snapshot(["y" * 900], 905)
    assert snapshot.size == 905


def test_a_value_that_is_nested_too_deeply_to_be_measured_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ProtocolError, match="nested too deeply"):
        apply_message(Snapshot([deep], 900, 900), [[["add", [0], "x"]]], 200, 1000)


def test_a_large_message_is_parsed_as_a_small_one_is() -> None:
    data = ["x" * 2**20, {"a": [1, 2.5, None]}, "é\ud83d"]
    for values in (data[:2], data, [[0] * 300_000]):
        text = json.dumps({"msg": "process_completed", "success": True, "output": {"data": values}})
        message = parse_message(text)
        assert message.msg == "process_completed"
        assert getattr(message, "output").data == values  # noqa: B009
    with pytest.raises(ProtocolError, match="not JSON"):
        parse_message('{"msg": "' + "x" * 2**20)


def exhausted(*_: object, **__: object) -> NoReturn:
    raise MemoryError


def test_a_message_for_which_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", exhausted)
    with pytest.raises(ProtocolError, match="not enough memory for a message of 1048587 bytes"):
        parse_message('{"msg": "' + "x" * 2**20 + '"}')


def test_an_event_of_a_call_for_which_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", exhausted)
    with pytest.raises(ProtocolError, match="not enough memory for a 'complete' event of 3 bytes"):
        call_api.parse_event("complete", "[1]")


def test_a_value_for_which_there_is_no_memory_ends_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "apply_message", exhausted)
    job = a_job(follow=True)
    job.advance(JobStatus.QUEUED)
    job.receive(generating(["x"]))
    assert isinstance(job.error, ProtocolError)
