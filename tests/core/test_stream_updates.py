"""The values of a stream: what is read of their messages, and when their texts are built."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core import snapshots
from spacecall._core.app_config import parse_config
from spacecall._core.component_outputs import returns_text
from spacecall._core.diffs import fold
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer, FeedResult
from spacecall._core.queue_messages import (
    MalformedMessage,
    ValueUpdate,
    parse_message,
    parse_stream_message,
)
from spacecall._core.snapshots import Snapshot, apply_message
from spacecall.errors import ProtocolError
from spacecall.events import Event, Output, Started
from spacecall.options import Limits
from tests.core.wire import a_job, joined, message

STARTS = '{"msg": "process_starts", "event_id": "a"}'


def text_of(data: Any, event_id: Any = "a", *, success: Any = True, **fields: Any) -> str:
    output = {"data": data, "is_generating": True, "duration": 0.5}
    body = {"msg": "process_generating", "event_id": event_id, "output": output}
    return json.dumps({**body, "success": success, **fields})


def added(*texts: str) -> list[Any]:
    return [[["append", [], text]] if text else [] for text in texts]


def pop_all(job: Job) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    while (event := job.pop_event()) is not None:
        events.append(event)
    return events


def test_a_value_is_read_without_its_model() -> None:
    update = parse_stream_message(text_of(["x"], time_limit=3.0))
    assert isinstance(update, ValueUpdate)
    assert (update.msg, update.event_id, update.data) == ("process_generating", "a", ["x"])


@pytest.mark.parametrize(
    "text",
    [
        STARTS,
        '{"msg": "heartbeat"}',
        '{"msg": "unknown", "event_id": "a"}',
        text_of(["x"], None),
        text_of(["x"], success=False),
        text_of(None),
        '{"msg": "process_generating", "event_id": "a", "success": true}',
        '{"msg": "process_generating", "event_id": "a", "success": true, "output": null}',
        '{"msg": "process_generating", "event_id": "a"}',
        '{"msg": "process_generating", "event_id": "a", "output": {"data": "\\ud83d"}}',
    ],
)
def test_another_message_is_parsed_as_before(text: str) -> None:
    assert parse_stream_message(text) == parse_message(text)


@pytest.mark.parametrize("text", ["", "null", "[1]", '"msg"', '{"msg": 1', '{"msg": "log"}'])
def test_an_invalid_message_without_a_job_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as expected:
        parse_message(text)
    with pytest.raises(ProtocolError) as error:
        parse_stream_message(text)
    assert str(error.value) == str(expected.value)


def test_an_invalid_message_ends_its_job() -> None:
    assert isinstance(parse_stream_message(text_of("text")), MalformedMessage)
    assert isinstance(parse_stream_message(text_of(["x"])[:-3]), MalformedMessage)


def test_a_stream_message_for_which_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(json, "loads", exhausted)
    with pytest.raises(ProtocolError, match="not enough memory for a message of 3 bytes"):
        parse_stream_message(" {}")


MESSAGES = [
    (text_of(["ab", 1]),),
    (STARTS, text_of(["ab", 1]), text_of([*added("c"), []])),
    (STARTS, text_of(["ab", [1]]), text_of([[], [["add", [1], 2]]]), text_of(added("d"))),
    (STARTS, text_of(["ab"]), text_of([[["append", [1], "c"]]]), text_of(added("d"))),
    (STARTS, text_of(["ab"]), text_of([[["append", [], 1]]])),
    (STARTS, text_of(["ab"]), text_of(["c"])),
    (STARTS, text_of(["ab"]), text_of([[["replace", [], "c"]]])),
    (STARTS, text_of(["ab"]), text_of([[["append", [], "c"], ["append", [], "d"]]])),
    (STARTS, text_of(["ab"]), text_of([["append"]])),
    (STARTS, text_of(["ab"]), text_of([*added("c"), [["replace", [], 1]]])),
    (STARTS, text_of([1]), text_of(added("c"))),
]


@pytest.mark.parametrize("texts", MESSAGES)
@pytest.mark.parametrize("parse", [parse_message, parse_stream_message])
def test_a_job_reads_both_forms_alike(texts: tuple[str, ...], parse: Any) -> None:
    by_model, job = (joined(Demultiplexer(Limits()), "a", follow=True) for _ in range(2))
    for text in texts:
        by_model.receive(parse_message(text), 10)
        job.receive(parse(text), 10)
        assert job.status is by_model.status
    assert repr(job.error) == repr(by_model.error)
    assert job.read_status() == by_model.read_status()
    assert pop_all(job) == pop_all(by_model)


def test_values_that_nobody_follows_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "fold", pytest.fail)
    job = joined(Demultiplexer(Limits()), "a")
    for text in (STARTS, text_of(["x"]), text_of(added("y"))):
        job.receive(parse_stream_message(text), 10)
    assert job.status is JobStatus.RUNNING


def test_a_job_tells_of_its_values_when_it_is_awaited() -> None:
    reports: list[JobStatus] = []
    job = Job(0, follow=True, limits=Limits(), notify=lambda: reports.append(job.status))
    job.advance(JobStatus.QUEUED)
    job.receive(message("process_starts", "a"))
    reports.clear()
    job.is_awaited = False
    job.receive(ValueUpdate("a", ["x"]))
    job.receive(message("progress", "a"))
    job.emit(Started(None))
    assert reports == []
    job.is_awaited = True
    job.receive(ValueUpdate("a", added("y")))
    job.receive(message("progress", "a"))
    job.emit(Started(None))
    assert reports == [JobStatus.RUNNING] * 3
    job.is_awaited = False
    job.receive(ValueUpdate("a", [["edit"]]))
    assert reports[3:] == [JobStatus.ENDED]


def test_a_value_keeps_the_stream_open_for_its_job() -> None:
    abandoned: list[Job] = []
    demux = Demultiplexer(Limits(), abandoned.append)
    job = joined(demux, "a", follow=True)
    assert demux.feed(message("process_starts", "a")) is FeedResult.CONTINUES
    assert demux.feed(ValueUpdate("a", ["x"]), 9) is FeedResult.IS_AWAITED
    assert demux.feed(ValueUpdate("other", ["x"]), 9) is FeedResult.CONTINUES
    assert demux.feed(ValueUpdate("a", [["edit"]]), 9) is FeedResult.CONTINUES
    assert isinstance(job.error, ProtocolError)
    assert abandoned == [job]
    assert demux.feed(ValueUpdate("a", ["y"]), 9) is FeedResult.CONTINUES
    assert abandoned == [job]


def test_a_value_may_come_before_the_answer_of_its_join() -> None:
    demux = Demultiplexer(Limits())
    job = a_job(follow=True)
    demux.reserve(job)
    demux.begin_join(job)
    assert demux.feed(ValueUpdate("a", ["x"]), 9) is FeedResult.CONTINUES
    demux.accept(job, "a")
    assert pop_all(job) == [Output(["x"])]


TEXTS = st.lists(st.lists(st.sampled_from(["", "a", "bc", "é"]), max_size=3), max_size=200)


@given(TEXTS, st.integers(1, 9))
def test_texts_are_those_of_the_edits_whenever_they_are_read(
    texts: list[list[str]], step: int
) -> None:
    first: list[Any] = ["", "x", ""]
    expected, every = [first], [apply_message(None, first, 10, 10**9)]
    for message_texts in texts:
        data = added(*message_texts)
        expected.append(fold(expected[-1], data))
        every.append(apply_message(every[-1], data, 10, 10**9))
    order = [*range(step - 1, len(every), step), *range(len(every))]
    assert [every[index].values for index in order] == [expected[index] for index in order]


def test_a_text_that_is_not_read_is_rarely_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "fold", pytest.fail)
    every = [Snapshot(["x"], 1)]
    for _ in range(1000):
        every.append(apply_message(every[-1], added("y"), 1, 10**9))
    assert sum(snapshot._values is not None for snapshot in every) <= 1000 // 64 + 2
    assert every[-1].values == ["x" + "y" * 1000]
    assert every[500].values == ["x" + "y" * 500]


def test_a_snapshot_is_no_other_object() -> None:
    assert Snapshot(["x"], 1) != ["x"]
    assert Snapshot(["x"], 1) != Snapshot(["x"], 2)


def test_a_buffer_gives_a_snapshot_that_is_its_oldest_event() -> None:
    buffer = EventBuffer(3, 1000)
    assert buffer.pop_snapshot() is None
    buffer.push(Started(None))
    buffer.push(Snapshot(["x"], 1), 1)
    assert buffer.pop_snapshot() is None
    assert buffer.pop() == Started(None)
    assert buffer.pop_snapshot() == Snapshot(["x"], 1)
    for text in "abcde":
        buffer.push(Snapshot([text], 1), 1)
    assert buffer.conflated == 2
    assert [buffer.pop() for _ in range(4)] == [Output([text]) for text in "cde"] + [None]


@pytest.mark.parametrize(
    ("kinds", "result"),
    [
        (["textbox"], True),
        (["number"], False),
        (["image"], False),
        (["state"], False),
        (["textbox", "textbox"], False),
        (["textbox", "state"], False),
        ([], False),
    ],
)
def test_the_functions_whose_texts_need_no_conversion(kinds: list[str], result: bool) -> None:
    components: list[dict[str, Any]] = [
        {"id": number, "type": kind, "props": {}, "skip_api": kind == "state"}
        for number, kind in enumerate(kinds)
    ]
    function: dict[str, Any] = {"api_name": "f", "inputs": [], "outputs": [*range(len(kinds))]}
    config = parse_config({"components": components, "dependencies": [function]})
    assert returns_text(config.dependencies[0]) is result
