"""A recording as a timeline: its rows, their outcomes, and the ticks of its axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline, read_timeline
from spacecall.cassettes._inspect.timeline_axis import choose_ticks
from tests.cassettes.timeline_exchanges import cancel_request, join_request, message, stream

CASSETTES = Path(__file__).parent.parent / "replay" / "cassettes"


@pytest.fixture(params=["6.31.0", "5.50.0"], scope="module")
def timeline(request: pytest.FixtureRequest) -> Timeline:
    """The timeline of the calls of `scripted_calls.play`, recorded on that Gradio."""
    recording = read_recording(CASSETTES / f"protocol-{request.param}.json")
    return read_timeline(recording.exchanges, recording.apps)


def find_row(timeline: Timeline, name: str) -> Row:
    (row,) = (row for row in timeline.rows if row.name == name)
    return row


def read_row(*exchanges: Exchange) -> Row:
    (row,) = read_timeline(exchanges, {}).rows
    return row


def test_each_job_is_a_row_with_its_end(timeline: Timeline) -> None:
    stream_text = find_row(timeline, "/stream_text")
    assert stream_text.outcome is Outcome.DONE
    assert stream_text.processing_at is not None
    first = min(stream_text.partial_results)
    assert stream_text.started_at <= stream_text.processing_at <= first <= stream_text.ended_at
    failed = find_row(timeline, "/fail2")
    assert (failed.outcome, failed.remark) == (Outcome.FAILED, "boom2")
    assert find_row(timeline, "/slow_stream").outcome is Outcome.CANCELLED
    assert [row.name for row in timeline.rows if row.is_job].count("/echo") == 20


def test_requests_outside_of_jobs_are_rows_too(timeline: Timeline) -> None:
    requests = [row for row in timeline.rows if not row.is_job]
    assert [row.name.partition("=")[0] for row in requests] == [
        "GET /config",
        "GET /gradio_api/info",
        "POST /gradio_api/upload",
        "GET /gradio_api/file",
    ]
    assert {row.remark for row in requests} == {"200"}


def test_rows_and_events_are_in_the_order_of_time_from_0(timeline: Timeline) -> None:
    starts = [row.started_at for row in timeline.rows]
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert max(row.ended_at for row in timeline.rows) == timeline.duration
    for row in timeline.rows:
        times = [event.seconds for event in row.events]
        assert times == sorted(times)
        assert row.started_at <= times[0]
        assert times[-1] <= row.ended_at


def test_times_count_from_the_first_request_and_not_from_the_start_of_the_recording() -> None:
    config = Exchange("GET", "http://app/config", status=200, started_at=7.25, ended_at=7.5)
    completed = message("process_completed", success=True, output={"data": []})
    events = stream((9, completed), (6, completed), at=8.5, ended_at=10)
    timeline = read_timeline([config, join_request(at=8.25), events], {})
    assert [(row.started_at, row.ended_at) for row in timeline.rows] == [(0, 0.25), (1, 1.75)]
    assert timeline.duration == 1.75
    assert [event.seconds for event in timeline.rows[1].events] == [0, 1, 1.75]


def test_a_request_without_a_response_is_lost() -> None:
    exchange = Exchange("GET", "http://app/config", ended_at=2.0, end_reason="ConnectError")
    row = read_row(exchange)
    assert (row.outcome, row.remark) == (Outcome.LOST, "ConnectError")
    assert read_timeline([], {}).rows == []


def test_a_response_that_breaks_off_is_lost() -> None:
    row = read_row(Exchange("GET", "http://app/config", status=200, end_reason="ReadError"))
    assert (row.outcome, row.remark) == (Outcome.LOST, "ReadError")


COMPLETED = "process_completed"
ENDS: list[tuple[str, list[dict[str, Any]], Outcome, str]] = [
    ("complete", [message(COMPLETED, success=True, output={"data": [1]})], Outcome.DONE, ""),
    ("complete", [message(COMPLETED, success=True, output={})], Outcome.CANCELLED, ""),
    (
        "complete",
        [message(COMPLETED, success=False, output={"error": "'no'"})],
        Outcome.FAILED,
        "no",
    ),
    (
        "complete",
        [message(COMPLETED, success=False, output={"error": "<b>no</b>", "title": "Oh"})],
        Outcome.FAILED,
        "no",
    ),
    (
        "complete",
        [{"msg": "unexpected_error", "message": "out of memory"}],
        Outcome.LOST,
        "out of memory",
    ),
    ("complete", [message("process_starts")], Outcome.LOST, "the stream ended"),
    ("closed", [message("process_starts")], Outcome.LEFT, ""),
    ("ReadError", [message("process_starts")], Outcome.LOST, "ReadError"),
]


@pytest.mark.parametrize(("end_reason", "messages", "outcome", "remark"), ENDS)
def test_the_outcome_of_a_job_is_that_of_its_messages_or_of_its_stream(
    end_reason: str, messages: list[dict[str, Any]], outcome: Outcome, remark: str
) -> None:
    events = stream(*((1, text) for text in messages), ended_at=2, end_reason=end_reason)
    row = read_row(join_request(), events)
    assert (row.outcome, row.remark) == (outcome, remark)


@pytest.mark.parametrize("end_reason", ["closed", "complete", "ReadError"])
def test_a_job_that_was_cancelled_without_an_answer_ends_at_the_cancel(end_reason: str) -> None:
    events = stream((1, message("process_starts")), ended_at=9, end_reason=end_reason)
    row = read_row(join_request(), events, cancel_request(at=3))
    assert (row.outcome, row.ended_at) == (Outcome.CANCELLED, 3)


def test_a_job_that_completed_in_spite_of_a_cancel_is_done() -> None:
    completed = message("process_completed", success=True, output={"data": [1]})
    row = read_row(join_request(), stream((4, completed), ended_at=9), cancel_request(at=3))
    assert (row.outcome, row.ended_at) == (Outcome.DONE, 4)


@pytest.mark.parametrize(
    ("name", "value", "outcome", "remark"),
    [
        ("complete", [1], Outcome.DONE, "200"),
        ("complete", None, Outcome.CANCELLED, "200"),
        ("error", {"error": "boom"}, Outcome.FAILED, "boom"),
        ("error", "Event not found", Outcome.FAILED, "Event not found"),
    ],
)
def test_a_stream_of_the_call_api_has_the_outcome_of_its_job(
    name: str, value: Any, outcome: Outcome, remark: str
) -> None:
    events = [(1.0, ServerSentEvent.from_json(name, value))]
    url = "http://app/gradio_api/call/f/e1"
    row = read_row(Exchange("GET", url, status=200, events=events, end_reason="complete"))
    assert (row.outcome, row.remark) == (outcome, remark)


@pytest.mark.parametrize(
    ("duration", "labels"),
    [
        (0, ["0"]),
        (0.00003, ["0"]),
        (0.3, ["0", "0.1 s", "0.2 s", "0.3 s"]),
        (1.18, ["0", "0.5 s", "1.0 s"]),
        (9.99, ["0", "5 s"]),
        (200, ["0", "1 min", "2 min", "3 min"]),
        (5400, ["0", "30 min", "60 min", "90 min"]),
        (1e9, ["0", "5000 d", "10000 d"]),
    ],
)
def test_ticks_are_round_times_in_a_unit_that_suits_them(
    duration: float, labels: list[str]
) -> None:
    assert [tick.label for tick in choose_ticks(duration, 4)] == labels


@pytest.mark.parametrize("duration", [0.0, 1e-9, 0.0004, 0.07, 3.3, 59, 3601, 86_401, 1e8, 1e9])
@pytest.mark.parametrize("max_count", [1, 2, 8])
def test_there_are_no_more_ticks_than_have_room_and_none_after_the_end(
    duration: float, max_count: int
) -> None:
    ticks = choose_ticks(duration, max_count)
    assert 1 <= len(ticks) <= max_count
    assert all(0 <= tick.seconds <= duration for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)
