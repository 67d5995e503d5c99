"""What is answered on a stream of a job's own, and how the job ends with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spacecall._core.gradio_requests import JobInputs
from spacecall._core.handshake import Handshake
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.queue_messages import parse_message
from spacecall.errors import AppError, JobLostError, QueueFullError
from spacecall.options import Limits

STARTS = {"msg": "process_starts"}
DONE = {"msg": "process_completed", "success": True, "output": {"data": ["b"]}}


def opened() -> tuple[Job, Handshake]:
    job = Job(
        7,
        sends_diffs=False,
        follow=False,
        limits=Limits(max_buffered_events=9),
        notify=lambda: None,
    )
    job.advance(JobStatus.QUEUED)
    return job, Handshake(job, JobInputs(["a", None]), "hash")


def told(handshake: Handshake, **message: Any) -> dict[str, Any] | None:
    return handshake.receive(parse_message(json.dumps(message)))


def test_a_websocket_asks_who_it_is_and_then_for_the_arguments() -> None:
    job, handshake = opened()
    assert told(handshake, msg="send_hash") == {"fn_index": 7, "session_hash": "hash"}
    assert not handshake.sent
    assert told(handshake, msg="send_data") == {
        "data": ["a", None],
        "event_data": None,
        "fn_index": 7,
        "session_hash": "hash",
    }
    assert handshake.sent
    assert told(handshake, **STARTS) is None
    assert told(handshake, **DONE) is None
    assert handshake.complete
    assert job.values == ["b"]


def test_arguments_that_are_posted_carry_the_jobs_id() -> None:
    job, handshake = opened()
    answer = told(handshake, msg="send_data", event_id="e1")
    assert answer is not None
    assert answer["event_id"] == job.event_id == "e1"


def test_a_heartbeat_is_no_news() -> None:
    job, handshake = opened()
    assert told(handshake, msg="heartbeat") is None
    assert job.status is JobStatus.QUEUED
    assert not handshake.complete


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"msg": "queue_full"}, QueueFullError),
        ({"msg": "unexpected_error", "message": "stopped"}, JobLostError),
        ({"msg": "unexpected_error", "message": None}, JobLostError),
        (
            {"msg": "process_completed", "success": False, "output": {"error": "'boom'"}},
            AppError,
        ),
    ],
)
def test_what_ends_a_job_without_a_value(message: dict[str, Any], error: type[Exception]) -> None:
    job, handshake = opened()
    assert told(handshake, **message) is None
    assert handshake.complete
    assert isinstance(job.error, error)


def test_a_job_given_up_before_its_arguments_were_sent_cannot_have_run() -> None:
    job, handshake = opened()
    told(handshake, msg="unexpected_error", message="stopped")
    assert isinstance(job.error, JobLostError)
    assert not job.error.sent
    job, handshake = opened()
    told(handshake, msg="send_data")
    told(handshake, msg="unexpected_error", message="stopped")
    assert isinstance(job.error, JobLostError)
    assert job.error.sent


def test_the_answer_has_the_details_of_an_event() -> None:
    job, _ = opened()
    handshake = Handshake(job, JobInputs([], {"index": 1}), "hash")
    answer = told(handshake, msg="send_data")
    assert answer is not None
    assert answer["event_data"] == {"index": 1}
