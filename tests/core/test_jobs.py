"""One job: every message in every state, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import TRANSITIONS, Job
from spacecall._core.queue_messages import Message, UnknownMessage
from spacecall.errors import (
    AppError,
    JobCancelledError,
    JobLostError,
    ProtocolError,
    TransportError,
)
from spacecall.events import Completed, Log, Output, Progress, ProgressUnit, Queued, Started
from spacecall.options import Limits
from tests.core.wire import cancelled, completed, failed, generating, message

UNIT = {"index": 2, "length": 4, "unit": "steps", "progress": None, "desc": "half"}
MESSAGES: dict[str, Callable[[], Message]] = {
    "estimation": lambda: message("estimation", rank=1, queue_size=3, rank_eta=2.5),
    "process_starts": lambda: message("process_starts", eta=4.0),
    "progress": lambda: message("progress", progress_data=[UNIT]),
    "log": lambda: message("log", log="a <b>word</b>", level="warning", title="T", duration=3),
    "process_generating": lambda: generating(["one"]),
    "process_streaming": lambda: message("process_streaming", output={"data": ["whole"]}),
    "process_completed": lambda: completed(["done"]),
    "heartbeat": lambda: message("heartbeat"),
    "close_stream": lambda: message("close_stream"),
    "unexpected_error": lambda: message("unexpected_error", message="gone"),
    "send_hash": lambda: message("send_hash"),
    "send_data": lambda: message("send_data"),
    "queue_full": lambda: message("queue_full"),
}
QUEUED, RUNNING, ENDED = JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.ENDED
AFTER: dict[JobStatus, dict[str, JobStatus]] = {
    JobStatus.QUEUED: {
        "estimation": QUEUED,
        "log": QUEUED,
        "process_starts": RUNNING,
        "progress": RUNNING,
        "process_generating": RUNNING,
        "process_streaming": RUNNING,
        "process_completed": ENDED,
    },
    JobStatus.RUNNING: {
        "estimation": RUNNING,
        "log": RUNNING,
        "process_starts": RUNNING,
        "progress": RUNNING,
        "process_generating": RUNNING,
        "process_streaming": RUNNING,
        "process_completed": ENDED,
    },
}


def a_job(state: JobStatus = JobStatus.QUEUED, *, follow: bool = True, backlog: int = 100) -> Job:
    job = Job(3, follow=follow, limits=Limits(max_buffered_events=backlog), notify=lambda: None)
    job.event_id = "e"
    job.advance(state)
    return job


def events(job: Job) -> list[Any]:
    events: list[Any] = []
    while (event := job.buffer.pop()) is not None:
        events.append(event)
    return events


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "awaited"])
@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("state", [s for s in JobStatus if s is not JobStatus.ENDED])
def test_a_message_leads_from_state_to_state_or_ends_the_job_with_a_protocol_error(
    state: JobStatus, kind: str, follow: bool
) -> None:
    job = a_job(state, follow=follow)
    job.receive(MESSAGES[kind]())
    expected = AFTER.get(state, {}).get(kind)
    if expected is None:
        assert isinstance(job.error, ProtocolError)
        assert kind in job.error.message
        assert state.value in job.error.message
        assert job.error.event_id == "e"
        assert job.status is JobStatus.ENDED
    else:
        assert job.error is None
        assert job.status is expected


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_job_that_has_ended_takes_no_message(kind: str) -> None:
    job = a_job()
    job.receive(completed(["first"]))
    job.receive(MESSAGES[kind]())
    assert (job.status, job.values, job.error) == (JobStatus.ENDED, ["first"], None)
    assert events(job) == [Completed(["first"], 1.5)]


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(JobStatus)
    assert not TRANSITIONS[JobStatus.ENDED]


def test_each_message_becomes_its_event() -> None:
    job = a_job()
    for kind in ("estimation", "process_starts", "progress", "log"):
        job.receive(MESSAGES[kind]())
    job.receive(generating(["one", 1]))
    job.receive(generating([[["append", [], " two"]], []]))
    job.receive(completed(["one two", 1]))
    assert events(job) == [
        Queued(1, 3, 2.5),
        Started(4.0),
        Progress((ProgressUnit(2, 4, "steps", None, "half"),)),
        Log("a word", "warning", "T", 3),
        Output(["one", 1]),
        Output(["one two", 1]),
        Completed(["one two", 1], 1.5),
    ]
    assert job.values == ["one two", 1]


def test_fields_that_a_message_leaves_out_are_none() -> None:
    job = a_job()
    job.receive(message("estimation"))
    job.receive(message("process_starts"))
    job.receive(message("progress"))
    job.receive(message("log", log="plain"))
    job.receive(message("process_generating", output=None))
    assert events(job) == [
        Queued(None, None, None),
        Started(None),
        Progress(()),
        Log("plain", "info", None, None),
        Output([]),
    ]


def test_a_streaming_value_is_always_whole() -> None:
    job = a_job()
    for text in ("one", "two"):
        job.receive(message("process_streaming", output={"data": [text]}))
    assert events(job) == [Output(["one"]), Output(["two"])]


@pytest.mark.parametrize("follow", [True, False])
def test_a_job_of_one_input_ends_with_the_first_value_of_a_stream(*, follow: bool) -> None:
    job = Job(0, ends_at_output=True, follow=follow, limits=Limits(), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    job.receive(message("process_starts"))
    assert not job.awaits_input
    job.receive(message("process_streaming", output={"data": ["first"], "duration": 0.5}))
    assert (job.values, job.ended, job.awaits_input) == (["first"], True, True)
    events = [job.buffer.pop(), job.buffer.pop()] if follow else []
    assert events == ([Started(None), Completed(["first"], 0.5)] if follow else [])


def test_a_first_value_of_a_stream_without_data_has_no_outputs() -> None:
    job = Job(0, ends_at_output=True, follow=False, limits=Limits(), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    job.receive(message("process_streaming"))
    assert job.values == []


def test_snapshots_handed_out_do_not_change_later() -> None:
    job = a_job()
    job.receive(generating([{"words": ["a"]}]))
    (first,) = events(job)
    job.receive(generating([[["add", ["words", 1], "b"]]]))
    assert first == Output([{"words": ["a"]}])
    assert events(job) == [Output([{"words": ["a", "b"]}])]


def test_whatever_a_message_makes_the_reader_raise_ends_its_job_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plain(_html: str) -> str:
        raise ValueError("Exceeds the limit")

    monkeypatch.setattr("spacecall._core.jobs.strip_markup", plain)
    job = a_job()
    job.receive(message("log", log="&#1;", level="info"))
    assert isinstance(job.error, ProtocolError)
    assert job.error.message == "cannot read the server's 'log' message: Exceeds the limit"
    assert isinstance(job.error.__cause__, ValueError)


def test_a_job_may_end_with_an_error_of_the_caller() -> None:
    job = a_job()
    error = TypeError("not a picture")
    job.fail(error)
    assert job.error is error


def test_an_edit_that_cannot_be_made_ends_the_job_when_it_is_followed() -> None:
    edits = generating([[["append", ["nothing", "here"], "x"]]])
    job = a_job()
    job.receive(generating(["text"]))
    job.receive(edits)
    assert isinstance(job.error, ProtocolError)
    job.receive(completed(["too late"]))
    assert job.values is None


def test_an_awaited_job_needs_no_edits_and_keeps_no_events() -> None:
    job = a_job(follow=False)
    job.receive(generating(["text"]))
    job.receive(generating([[["append", ["nothing", "here"], "x"]]]))
    job.emit(Started(None))
    job.receive(completed(["whole"]))
    assert job.values == ["whole"]
    assert events(job) == []


def test_an_unknown_message_changes_nothing_but_is_a_sign_of_life() -> None:
    job = a_job()
    assert not job.has_messages
    job.receive(UnknownMessage("process_dreaming", "e"))
    assert job.has_messages
    assert job.status is JobStatus.QUEUED
    assert events(job) == []


def test_a_cancelled_completion_is_an_error_and_never_a_value() -> None:
    job = a_job()
    job.receive(cancelled())
    assert isinstance(job.error, JobCancelledError)
    assert job.values is None
    assert events(job) == []


def test_the_apps_error_ends_the_job_and_names_it() -> None:
    job = a_job()
    job.receive(failed("boom", title="Oh"))
    assert isinstance(job.error, AppError)
    assert (job.error.message, job.error.title, job.error.event_id) == ("boom", "Oh", "e")


def test_what_the_client_itself_sees_becomes_an_event_for_who_follows() -> None:
    job = a_job(JobStatus.RUNNING)
    job.emit(Started(None))
    assert events(job) == [Started(None)]


def test_a_completion_without_output_has_no_duration() -> None:
    job = a_job()
    job.succeed([])
    assert events(job) == [Completed([], None)]


AGAIN: dict[str, Callable[[Job], None]] = {
    "succeed": lambda job: job.succeed(["second"]),
    "fail": lambda job: job.fail(JobLostError("late")),
    "advance": lambda job: job.advance(JobStatus.RUNNING),
    "emit": lambda job: job.emit(Started(None)),
    "receive": lambda job: job.receive(failed("late")),
}


@pytest.mark.parametrize("again", AGAIN)
def test_the_first_end_counts(again: str) -> None:
    job = a_job()
    job.succeed(["first"])
    AGAIN[again](job)
    assert (job.ended, job.values, job.error) == (True, ["first"], None)
    assert events(job) == [Completed(["first"], None)]


def test_an_error_that_names_its_job_keeps_the_name() -> None:
    job = a_job()
    job.fail(JobLostError("gone", event_id="other"))
    assert isinstance(job.error, JobLostError)
    assert job.error.event_id == "other"


def test_an_end_keeps_the_events_that_were_not_read_yet() -> None:
    job = a_job(backlog=1)
    job.receive(generating(["a"]))
    job.receive(completed(["b"]))
    assert events(job) == [Output(["a"]), Completed(["b"], 1.5)]


def test_whoever_waits_is_told_of_each_change() -> None:
    statuses: list[JobStatus] = []
    job = Job(
        0,
        follow=True,
        limits=Limits(max_buffered_events=9),
        notify=lambda: statuses.append(job.status),
    )
    job.advance(JobStatus.JOINING)
    job.advance(JobStatus.QUEUED)
    for kind in ("estimation", "process_starts", "process_generating"):
        job.receive(MESSAGES[kind]())
    job.receive(completed(["x"]))
    first_sign = QUEUED
    assert statuses == [JobStatus.JOINING, QUEUED, first_sign, QUEUED, RUNNING, RUNNING, ENDED]


def test_who_awaits_only_the_result_is_not_woken_by_every_value() -> None:
    statuses: list[JobStatus] = []
    job = Job(
        0,
        follow=False,
        limits=Limits(max_buffered_events=9),
        notify=lambda: statuses.append(job.status),
    )
    job.advance(JobStatus.QUEUED)
    job.receive(MESSAGES["estimation"]())
    assert statuses == [QUEUED, QUEUED], "the first sign of life counts for one that is collected"
    job.receive(MESSAGES["process_starts"]())
    for _ in range(50):
        job.receive(generating(["x"]))
    job.receive(completed(["x"]))
    assert statuses == [QUEUED, QUEUED, RUNNING, ENDED]


def test_a_job_is_on_the_way_while_it_is_sent() -> None:
    job = a_job(JobStatus.JOINING)
    with job.submission():
        assert job.is_submitting
    assert not job.is_submitting
    with pytest.raises(TransportError), job.submission():
        raise TransportError("refused", sent=False)
    assert not job.is_submitting
    assert not job.ended


def test_a_job_that_nobody_waits_for_is_not_sent_nor_tried_again() -> None:
    job = a_job(JobStatus.JOINING)

    def refused_later() -> NoReturn:
        job.fail(JobCancelledError("left"))
        raise TransportError("refused", sent=False)

    with pytest.raises(JobCancelledError), job.submission():
        refused_later()
    with pytest.raises(JobCancelledError), job.submission():
        raise AssertionError("it was sent")
