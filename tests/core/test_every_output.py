"""Jobs that drop no event, and the status of a job."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core import jobs
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.feed_jobs import FeedJob
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer
from spacecall.errors import AppError, BufferFullError, JobCancelledError, ProtocolError
from spacecall.events import (
    Completed,
    Event,
    Log,
    Output,
    Progress,
    Queued,
    Started,
    Status,
    Uploading,
)
from spacecall.options import Limits
from tests.core.test_bounds import drain, exhausted, line
from tests.core.wire import a_job, completed, generating, message


def every_output_job(max_bytes: int = 1000) -> Job:
    job = Job(
        0,
        follow=True,
        limits=Limits(max_buffered_events=2, max_buffered_bytes=max_bytes),
        notify=lambda: None,
        every_output=True,
    )
    job.event_id = "a"
    job.advance(JobStatus.QUEUED)
    return job


def pop_all(job: Job) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    while (event := job.pop_event()) is not None:
        events.append(event)
    return events


def test_a_buffer_of_every_output_drops_nothing() -> None:
    buffer = EventBuffer(2, 1000, every_output=True)
    events: list[Event[Any]] = [Output(number) for number in range(50)]
    events += [*map(line, range(50)), Completed("end", None)]
    for event in events:
        buffer.push(event, 1)
    assert drain(buffer) == events
    assert buffer.conflated == 0


def test_a_full_buffer_of_every_output_takes_only_the_start_and_the_end() -> None:
    buffer = EventBuffer(100, 10, every_output=True)
    buffer.push(Output("long"), 20)
    with pytest.raises(BufferFullError, match="more than 10 bytes of them wait"):
        buffer.push(Output("a"), 1)
    buffer.push(Started(None), 5)
    buffer.push(Completed("b", None), 5)
    assert drain(buffer) == [Output("long"), Started(None), Completed("b", None)]


def test_a_buffer_counts_the_outputs_that_newer_ones_replace() -> None:
    buffer = EventBuffer(2, 1000)
    for event in (Output(1), line(1), Output(2), Output(3), line(2), line(3)):
        buffer.push(event, 1)
    assert buffer.conflated == 2
    assert drain(buffer) == [Output(3), line(3)]


def test_edits_wait_as_they_came() -> None:
    job = every_output_job()
    job.receive(generating(["a"]), 100)
    for letter in "bc":
        job.receive(generating([[["append", [], letter]]]), 100)
    job.receive(completed(["abc"]), 100)
    assert pop_all(job) == [Output(["a"]), Output(["ab"]), Output(["abc"]), Completed(["abc"], 1.5)]
    assert job.read_status().outputs == 3


def test_a_job_whose_buffer_is_full_fails_after_its_outputs() -> None:
    job = every_output_job(250)
    job.receive(generating(["a"]), 100)
    for _ in range(4):
        job.receive(generating([[["append", [], "b"]]]), 100)
    assert isinstance(job.error, BufferFullError)
    assert job.error.event_id == "a"
    assert pop_all(job) == [Output(["a"]), Output(["ab"])]


def test_edits_that_do_not_apply_end_the_job_when_they_are_read() -> None:
    job = every_output_job()
    job.receive(generating(["a"]), 10)
    job.receive(generating([[["append", ["b"], "c"]]]), 10)
    job.receive(generating([[["append", [], "d"]]]), 10)
    assert job.pop_event() == Output(["a"])
    with pytest.raises(ProtocolError):
        job.pop_event()
    assert isinstance(job.error, ProtocolError)
    assert job.pop_event() is None


def test_edits_for_which_there_is_no_memory_end_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "apply_message", exhausted)
    job = every_output_job()
    job.receive(generating(["a"]), 10)
    with pytest.raises(ProtocolError, match="cannot read the server's 'process_generating'"):
        job.pop_event()


def test_the_app_is_told_of_a_job_whose_buffer_is_full() -> None:
    abandoned: list[Job] = []
    demux = Demultiplexer(Limits(), abandoned.append)
    job = every_output_job(150)
    demux.reserve(job)
    demux.begin_join(job)
    demux.accept(job, "a")
    for number in range(5):
        demux.feed(generating([number], "a"), 100)
    assert abandoned == [job]


def test_the_last_value_of_a_feed_that_does_not_fit_ends_it() -> None:
    buffer = EventBuffer(50, 100, every_output=True)
    job = FeedJob(buffer, 0, sends_diffs=True, limits=Limits(), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    buffer.push(Output([1]), 80)
    job.begin_input()
    job.receive(completed([2]), 80)
    job.end_input(accepted=True)
    assert isinstance(job.error, BufferFullError)
    assert drain(buffer) == [Output([1])]


def test_the_status_has_the_newest_event_of_each_kind() -> None:
    job = a_job(follow=True)
    assert job.read_status() == Status("uploading")
    job.emit(Uploading(1, 2))
    job.advance(JobStatus.JOINING)
    assert job.read_status() == Status("joining", uploading=Uploading(1, 2))
    job.advance(JobStatus.QUEUED)
    for rank in (2, 1):
        job.receive(message("estimation", rank=rank, queue_size=3))
    assert job.read_status().queued == Queued(1, 3, None)
    assert job.read_status().phase == "queued"
    job.receive(message("process_starts", eta=1.0))
    job.receive(message("log", log="hi", level="info"))
    job.receive(message("progress", progress_data=[]))
    job.receive(generating([1]))
    assert job.read_status() == Status(
        "running",
        uploading=Uploading(1, 2),
        queued=Queued(1, 3, None),
        started=Started(1.0),
        progress=Progress(()),
        log=Log("hi", "info", None, None),
        outputs=1,
    )
    job.receive(message("process_completed", output={"data": [1]}, used_cache="full"))
    assert (job.read_status().phase, job.read_status().used_cache) == ("done", "full")


def test_the_status_tells_how_a_job_ended() -> None:
    for error, phase in ((AppError("x"), "failed"), (JobCancelledError("x"), "cancelled")):
        job = a_job()
        job.fail(error)
        assert job.read_status().phase == phase
