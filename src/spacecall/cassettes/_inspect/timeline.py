"""The timeline of a recording: jobs from their joins to their ends, and other requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from spacecall._core.job_outcomes import make_app_error
from spacecall._core.json_values import as_dict, as_str
from spacecall.cassettes._format.exchange import CLOSED, COMPLETE, Exchange
from spacecall.cassettes._format.job_recordings import (
    JobRecording,
    is_cancel,
    is_join,
    is_stream,
    read_event_id,
    read_job_recordings,
    read_session_hash,
)
from spacecall.cassettes._format.recorded_apps import AppIndex, RecordedApp
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

_Ending: TypeAlias = tuple["Outcome", str]
"""An outcome, with its remark."""

_PARTIAL_RESULTS: Final = ("process_generating", "process_streaming", "generating")


class Outcome(StrEnum):
    """How a job or a request ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LEFT = "left"
    """The client closed the response before its end."""
    LOST = "lost"
    """The network or the server failed before the result."""

    @property
    def sign(self) -> str:
        """A character that stands for it beside its name."""
        return _SIGNS[self]


_SIGNS: Final = {
    Outcome.DONE: "✓",
    Outcome.FAILED: "✗",
    Outcome.CANCELLED: "⊘",
    Outcome.LEFT: "◁",
    Outcome.LOST: "!",
}


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A request, a response, a cancel, or a message of the app.

    Attributes:
        seconds: since the first request.
        kind: of a message, such as `process_starts`; otherwise `request`, `response` or `cancel`.
        value: its content.
    """

    seconds: float
    kind: str
    value: Any = None

    @property
    def is_partial_result(self) -> bool:
        """Whether it has a value that is not the last."""
        return self.kind in _PARTIAL_RESULTS


@dataclass(frozen=True, slots=True)
class Row:
    """A job, or a request outside of jobs. Times are in seconds since the first request.

    Attributes:
        name: the endpoint of a job, or method and path of a request.
        is_job: whether it is a job of a queue.
        session: the number of its session in the recording, from 1; 0 for a request.
        started_at: when its first request was sent.
        ended_at: when it ended.
        processing_at: when the app began to work on it; None if the app did not report it.
        remark: the app's error message, how it was lost, or the status of the response.
    """

    name: str
    is_job: bool
    session: int
    started_at: float
    ended_at: float
    processing_at: float | None
    outcome: Outcome
    remark: str = ""
    events: tuple[TimelineEvent, ...] = ()

    @property
    def partial_results(self) -> tuple[float, ...]:
        """The times of the values before the last one."""
        return tuple(event.seconds for event in self.events if event.is_partial_result)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recording in the order of time. All its times are from 0 to `duration`.

    Attributes:
        rows: by their start.
        duration: seconds from the first request to the end of the last response.
    """

    rows: Sequence[Row]
    duration: float


def read_timeline(exchanges: Sequence[Exchange], apps: Mapping[str, RecordedApp]) -> Timeline:
    """Return the timeline of a recording.

    Args:
        exchanges: of one cassette.
        apps: recorded there, which have the names of the endpoints.
    """
    exchanges = _count_from_first_request(exchanges)
    jobs = read_job_recordings(exchanges)
    session_numbers: dict[str, int] = {}
    for job in sorted(jobs.values(), key=lambda job: job.started_at):
        session_numbers.setdefault(job.session, len(session_numbers) + 1)
    rows = [*_job_rows(exchanges, jobs, session_numbers, apps), *_request_rows(exchanges, jobs)]
    rows.sort(key=lambda row: row.started_at)
    return Timeline(rows, max((row.ended_at for row in rows), default=0.0))


def _count_from_first_request(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return the exchanges with times since the first request; a recording begins before it."""
    zero = min((exchange.started_at for exchange in exchanges), default=0.0)

    def shift(seconds: float) -> float:
        return max(0.0, round(seconds - zero, 4))

    return [
        replace(
            exchange,
            started_at=shift(exchange.started_at),
            answered_at=shift(exchange.answered_at),
            ended_at=shift(exchange.ended_at),
            events=None
            if exchange.events is None
            else [(shift(seconds), event) for seconds, event in exchange.events],
        )
        for exchange in exchanges
    ]


def _job_rows(
    exchanges: Sequence[Exchange],
    jobs: Mapping[str, JobRecording],
    session_numbers: Mapping[str, int],
    apps: Mapping[str, RecordedApp],
) -> Iterator[Row]:
    names = _EndpointNames(apps)
    joins = {
        read_event_id(exchange): exchange
        for exchange in exchanges
        if is_join(exchange.method, exchange.url)
    }
    stream_ends = {
        read_session_hash(exchange.url, None): exchange.ended_at
        for exchange in exchanges
        if is_stream(exchange.method, exchange.url)
    }
    for event_id, job in jobs.items():
        join = joins.get(event_id)
        started_at = join.started_at if join else job.started_at
        events = _job_events(job, join)
        processing_at = next(
            (event.seconds for event in events if event.kind == "process_starts"), None
        )
        outcome, remark = _job_ending(job)
        last = max(started_at, *(event.seconds for event in events))
        stream_end = max(last, stream_ends.get(job.session, last))
        yield Row(
            name=names.find(job, join),
            is_job=True,
            session=session_numbers[job.session],
            started_at=started_at,
            ended_at=stream_end if outcome in (Outcome.LEFT, Outcome.LOST) else last,
            processing_at=processing_at,
            outcome=outcome,
            remark=remark,
            events=tuple(events),
        )


def _job_events(job: JobRecording, join: Exchange | None) -> list[TimelineEvent]:
    events = [_timeline_event(seconds, event) for seconds, event in job.events]
    if join:
        request = join.request_body.get("json")
        events.insert(0, TimelineEvent(join.started_at, "request", request))
    if job.cancelled_at is not None:
        events.append(TimelineEvent(job.cancelled_at, "cancel"))
    return sorted(events, key=lambda event: event.seconds)


def _job_ending(job: JobRecording) -> _Ending:
    ending = _stream_ending(job.events)
    if ending is not None:
        return ending
    if job.cancelled_at is not None:
        return Outcome.CANCELLED, ""
    if job.end_reason == CLOSED:
        return Outcome.LEFT, ""
    return Outcome.LOST, _remark_end(job.end_reason)


def _remark_end(end_reason: str | None) -> str:
    return "the stream ended" if end_reason in (None, COMPLETE) else end_reason


def _stream_ending(events: Sequence[tuple[float, ServerSentEvent]]) -> _Ending | None:
    """Return how the events end a job; None if they do not."""
    endings = (_read_ending(event) for _, event in reversed(events))
    return next((ending for ending in endings if ending), None)


def _read_ending(event: ServerSentEvent) -> _Ending | None:
    message = event.as_object()
    match as_str(message.get("msg")) or event.name:
        case "process_completed":
            return _read_completion(message)
        case "unexpected_error":
            return Outcome.LOST, as_str(message.get("message")) or "the server gave up the stream"
        # The last two are those of Gradio's /call API.
        case "error":
            return Outcome.FAILED, as_str(event.as_json()) or _error_text(message)
        case "complete":
            return (Outcome.CANCELLED if event.as_json() is None else Outcome.DONE), ""
        case _:
            return None


def _read_completion(message: Mapping[str, Any]) -> _Ending:
    output = as_dict(message.get("output"))
    if message.get("success") is False:
        return Outcome.FAILED, _error_text(output)
    return (Outcome.DONE if "data" in output else Outcome.CANCELLED), ""


def _error_text(error: Mapping[str, Any]) -> str:
    """Return the message that a client raises for an error of the app."""
    title = as_str(error.get("title")) or None
    return make_app_error(error.get("error"), title=title, duration=None).message


class _EndpointNames:
    """The names of the endpoints of apps."""

    def __init__(self, apps: Mapping[str, RecordedApp]) -> None:
        self._app_index = AppIndex(apps)
        self._by_config: dict[int, dict[int, str]] = {}

    def find(self, job: JobRecording, join: Exchange | None) -> str:
        """Return the name of a job's endpoint, or a description if the name is unknown."""
        if job.fn_index is None:
            return "collected job"
        app = self._app_index.find_app(join.url) if join else None
        name = self._names(app).get(job.fn_index) if app else None
        return name or f"function {job.fn_index}"

    def _names(self, app: RecordedApp) -> dict[int, str]:
        # Apps at several addresses may share one external /config.
        key = id(app.config)
        if key not in self._by_config:
            names = self._by_config[key] = {}
            for dependency in app.config.dependencies:
                if dependency.name:
                    names.setdefault(dependency.fn_index, dependency.name)
        return self._by_config[key]


def _request_rows(exchanges: Sequence[Exchange], jobs: Mapping[str, JobRecording]) -> Iterator[Row]:
    """Yield a row for each exchange that is not part of a job."""
    for exchange in exchanges:
        method, url = exchange.method, exchange.url
        if is_stream(method, url) or is_cancel(method, url) or read_event_id(exchange) in jobs:
            continue
        events = tuple(_request_events(exchange))
        outcome, remark = _request_ending(exchange)
        yield Row(
            name=f"{method} {urlsplit(url).path}",
            is_job=False,
            session=0,
            started_at=exchange.started_at,
            ended_at=max(exchange.ended_at, *(event.seconds for event in events)),
            processing_at=exchange.answered_at if exchange.status else None,
            outcome=outcome,
            remark=remark,
            events=events,
        )


def _request_events(exchange: Exchange) -> Iterator[TimelineEvent]:
    yield TimelineEvent(exchange.started_at, "request", dict(exchange.request_body))
    if exchange.status and exchange.events is None:
        yield TimelineEvent(exchange.answered_at, "response", dict(exchange.body))
    for seconds, event in exchange.events or ():
        yield _timeline_event(seconds, event)


def _timeline_event(seconds: float, event: ServerSentEvent) -> TimelineEvent:
    value = event.as_json()
    return TimelineEvent(seconds, as_str(as_dict(value).get("msg")) or event.name, value)


def _request_ending(exchange: Exchange) -> _Ending:
    status = str(exchange.status or "")
    if exchange.end_reason == CLOSED:
        return Outcome.LEFT, status
    if not exchange.status or exchange.end_reason != COMPLETE:
        return Outcome.LOST, exchange.end_reason
    if exchange.status >= 400:
        return Outcome.FAILED, status
    outcome, remark = _stream_ending(exchange.events or ()) or (Outcome.DONE, "")
    return outcome, remark or status
