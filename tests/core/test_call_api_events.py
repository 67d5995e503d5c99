"""The events of the simple call API: what each does to its job."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.call_api_events import HIDDEN_ERROR, receive
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall.errors import (
    AppError,
    JobCancelledError,
    JobLostError,
    ProtocolError,
    QuotaExceededError,
)
from spacecall.events import Completed, Output
from spacecall.options import Limits


def a_job(*, follow: bool = True) -> Job:
    job = Job(3, follow=follow, limits=Limits(max_buffered_events=100), notify=lambda: None)
    job.event_id = "e"
    job.advance(JobStatus.RUNNING)
    return job


def events(job: Job) -> list[Any]:
    events: list[Any] = []
    while (event := job.buffer.pop()) is not None:
        events.append(event)
    return events


def test_values_come_whole_and_the_last_is_the_result() -> None:
    job = a_job()
    assert not receive(job, "generating", '["a"]')
    assert not receive(job, "heartbeat", "null")
    assert not receive(job, "generating", '["a b"]')
    assert receive(job, "complete", '["a b"]')
    assert events(job) == [Output(["a"]), Output(["a b"]), Completed(["a b"], None)]
    assert job.values == ["a b"]


def test_a_job_of_one_input_ends_with_the_first_value_of_a_stream() -> None:
    job = Job(3, ends_at_output=True, follow=False, limits=Limits(), notify=lambda: None)
    assert not receive(job, "generating", '["first"]')
    assert (job.ended, job.values) == (True, ["first"])


def test_a_job_that_nobody_follows_reads_its_result_alone() -> None:
    job = a_job(follow=False)
    assert not receive(job, "generating", "not even JSON")
    assert receive(job, "complete", '["b"]')
    assert (events(job), job.values) == ([], ["b"])


def test_numbers_that_json_does_not_have_are_none_as_in_the_queue() -> None:
    job = a_job()
    receive(job, "generating", '[{"a": NaN}]')
    receive(job, "complete", "[NaN, [-Infinity, Infinity], -0.0]")
    assert events(job)[0] == Output([{"a": None}])
    assert repr(job.values) == "[None, [None, None], -0.0]"


def test_an_event_of_an_unknown_kind_is_passed_over() -> None:
    job = a_job()
    assert not receive(job, "surprise", "{")
    assert not receive(job, "message", "[]")
    assert not job.ended


def test_a_result_without_data_is_a_cancellation() -> None:
    job = a_job()
    assert receive(job, "complete", "null")
    assert isinstance(job.error, JobCancelledError)
    assert job.error.event_id == "e"


def test_an_error_without_data_says_that_nothing_is_told() -> None:
    job = a_job()
    assert receive(job, "error", "null")
    assert isinstance(job.error, AppError)
    assert job.error.message == HIDDEN_ERROR


def test_an_error_with_data_is_the_app_s_own() -> None:
    job = a_job()
    text = "You have exceeded your GPU quota (60s requested vs. 5s left). <a href=''>More</a>"
    data = f'{{"error": "{text}", "title": "ZeroGPU quota exceeded", "duration": 10}}'
    assert receive(job, "error", data)
    assert isinstance(job.error, QuotaExceededError)
    assert (job.error.requested, job.error.remaining, job.error.duration) == (60, 5, 10)
    assert "<" not in job.error.message


def test_a_silent_error_of_gradio_6_is_silent() -> None:
    job = a_job()
    receive(job, "error", '{"error": null}')
    assert isinstance(job.error, AppError)
    assert "hides its message" in job.error.message


def test_a_text_is_about_a_job_that_the_server_does_not_have() -> None:
    job = a_job()
    assert receive(job, "error", '"404: Not Found"')
    assert isinstance(job.error, JobLostError)
    assert "404: Not Found" in job.error.message


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("generating", "{"),
        ("generating", '{"a": 1}'),
        ("complete", '"text"'),
        ("complete", "[" * 100_000),
        ("error", "[1]"),
    ],
)
def test_data_that_do_not_fit_are_a_protocol_error(event: str, data: str) -> None:
    with pytest.raises(ProtocolError):
        receive(a_job(), event, data)
