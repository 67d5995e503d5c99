"""Jobs that take a stream of inputs: which of their messages are values."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.event_buffer import EventBuffer
from spacecall._core.feed_jobs import FeedJob
from spacecall._core.job_state import JobStatus
from spacecall._core.queue_messages import Message
from spacecall.errors import AppError, BufferFullError, ProtocolError
from spacecall.events import Output, Uploading
from spacecall.options import Limits
from tests.core.wire import completed, failed, generating, message


def a_job() -> FeedJob:
    buffer = EventBuffer(50, 10_000)
    job = FeedJob(buffer, 0, sends_diffs=True, limits=Limits(), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    job.receive(message("process_starts"))
    return job


def values(job: FeedJob) -> list[Any]:
    outputs: list[Any] = []
    while (event := job.buffer.pop()) is not None:
        assert isinstance(event, Output)
        outputs += event.value
    return outputs


def streaming(value: str) -> Message:
    return message("process_streaming", output={"data": [value]})


def repeated(value: str) -> Message:
    """The end of a job at its time limit, which repeats its last value."""
    return message("process_completed", output={"data": [value], "is_generating": True})


def test_values_are_the_only_events() -> None:
    job = a_job()
    job.emit(Uploading(1, 2))
    job.receive(message("log", log="text", level="info"))
    assert not job.is_ready
    job.receive(streaming("a"))
    assert job.is_ready
    assert values(job) == ["a"]


def test_a_job_that_ends_while_it_waits_repeats_its_last_value() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.receive(completed(["a"]))
    assert (job.ended, values(job)) == (True, ["a"])


def test_the_end_answers_an_input_that_was_sent() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.begin_input()
    job.end_input(accepted=True)
    assert not job.is_ready
    job.receive(completed(["b"]))
    job.receive(completed(["c"]))
    assert values(job) == ["a", "b"]


def test_an_end_while_an_input_is_sent_counts_if_the_server_took_the_input() -> None:
    for accepted in (True, False):
        job = a_job()
        job.receive(streaming("a"))
        job.begin_input()
        job.receive(completed(["b"]))
        assert values(job) == ["a"]
        job.end_input(accepted=accepted)
        assert values(job) == (["b"] if accepted else [])


@pytest.mark.parametrize("is_early", [True, False])
def test_an_input_that_the_server_took_and_did_not_run_has_no_value(*, is_early: bool) -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.begin_input()
    if is_early:
        job.receive(repeated("a"))
        assert not job.needs_resubmit
        job.end_input(accepted=True)
    else:
        job.end_input(accepted=True)
        job.receive(repeated("a"))
    assert (job.ended, job.is_ready, job.needs_resubmit) == (True, False, True)
    assert values(job) == ["a"]


def test_an_input_that_an_ended_job_refused_is_not_its_to_submit() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.begin_input()
    job.receive(repeated("a"))
    job.end_input(accepted=False)
    assert (job.ended, job.is_ready, job.needs_resubmit) == (True, True, False)


def test_the_first_input_of_a_job_has_the_value_that_the_job_ends_with() -> None:
    job = a_job()
    job.receive(repeated("a"))
    assert (job.needs_resubmit, values(job)) == (False, ["a"])


def test_a_feed_of_which_every_output_counts_ends_when_its_buffer_is_full() -> None:
    buffer = EventBuffer(2, 40, every_output=True)
    job = FeedJob(buffer, 0, sends_diffs=True, limits=Limits(), notify=lambda: None)
    job.advance(JobStatus.QUEUED)
    for number in range(5):
        job.receive(streaming(f"{number}"), 15)
    assert isinstance(job.error, BufferFullError)
    assert values(job) == ["0", "1"]


def test_a_step_that_failed_ends_the_job_with_an_error() -> None:
    for kind in ("process_streaming", "process_generating"):
        job = a_job()
        job.receive(message(kind, output={"data": ["a"]}, success=False))
        assert isinstance(job.error, ProtocolError)
        assert "a step that failed" in str(job.error)
        assert values(job) == []


def test_a_value_may_come_before_the_answer_to_its_input() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.begin_input()
    job.receive(streaming("b"))
    job.receive(completed(["b"]))
    job.end_input(accepted=True)
    assert values(job) == ["a", "b"]


def test_an_input_that_was_refused_leaves_the_job_ready() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.begin_input()
    assert not job.is_ready
    job.end_input(accepted=False)
    assert job.is_ready


def test_a_job_of_one_input_ends_with_its_value() -> None:
    job = a_job()
    job.receive(generating(["a"]))
    job.receive(generating([[["append", [], "b"]]]))
    job.receive(completed(["abc"]))
    assert (job.ended, values(job)) == (True, ["a", "ab", "abc"])


def test_a_released_job_ends_without_a_value_or_an_error() -> None:
    job = a_job()
    job.receive(streaming("a"))
    job.release()
    job.release()
    job.succeed(["b"])
    assert (job.ended, job.error, values(job)) == (True, None, ["a"])


def test_an_error_of_the_app_ends_the_job() -> None:
    job = a_job()
    job.receive(failed("boom", title="Error"))
    assert isinstance(job.error, AppError)
    job.release()
    assert isinstance(job.error, AppError)
