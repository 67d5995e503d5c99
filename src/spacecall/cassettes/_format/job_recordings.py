"""Recorded streams split by job: the events of each job, and how it ended."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from urllib.parse import parse_qs, unquote, urlsplit

from spacecall._core.json_values import as_dict, as_str
from spacecall.cassettes._format.exchange import COMPLETE, Exchange
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

_STREAM = "/queue/data"
_JOIN = "/queue/join"
_CANCEL = "/cancel"
_RESET = "/reset"
# An endpoint may have such a name too.
_INPUT = re.compile(r"(?<!/run)(?<!/call)/stream/(?P<event_id>[^/]+)(?P<close>/close)?$")


def is_stream(method: str, url: str) -> bool:
    """Return whether a request opens the event stream of a session."""
    return method == "GET" and urlsplit(url).path.endswith(_STREAM)


def is_join(method: str, url: str) -> bool:
    """Return whether a request submits a job to the queue."""
    return method == "POST" and urlsplit(url).path.endswith(_JOIN)


def is_cancel(method: str, url: str) -> bool:
    """Return whether a request cancels jobs."""
    return method == "POST" and urlsplit(url).path.endswith(_CANCEL)


def is_cleanup(request: Exchange) -> bool:
    """Return whether a request only ends jobs: a client sends it if it gives up a call."""
    path = urlsplit(request.url).path
    # A call of an endpoint that is named so has data.
    is_call = "data" in as_dict(request.request_body.get("json"))
    match = _INPUT.search(path)
    ends_jobs = path.endswith((_CANCEL, _RESET)) or (match is not None and match["close"])
    return request.method == "POST" and bool(ends_jobs) and not is_call


def find_fed_event_id(method: str, url: str) -> str | None:
    """Return the event id of the job that a request sends an input to; None for other requests."""
    match = _INPUT.search(urlsplit(url).path) if method == "POST" else None
    return unquote(match["event_id"]) if match and not match["close"] else None


def read_session_hash(url: str, body: object) -> str:
    """Return the session hash of a request; empty if it has none."""
    in_query = parse_qs(urlsplit(url).query).get("session_hash", [""])[0]
    return in_query or as_str(as_dict(body).get("session_hash"))


def read_event_id(join: Exchange) -> str:
    """Return the event id in the response to a join; empty if it has none."""
    return as_str(as_dict(join.body.get("json")).get("event_id"))


@dataclass(slots=True)
class JobRecording:
    """The recording of one job.

    Attributes:
        event_id: as recorded.
        session: the session hash, as recorded.
        fn_index: of the called function; None for a job that was collected, without a join.
        started_at: when it was joined, in seconds since the recording began.
        events: with their times, in order; the last may concern the whole session.
        inputs: the number of inputs that it took after the one that it joined with. Each waits for
            the value of the one before.
        cancelled_at: when it was cancelled; its later events wait for a cancel. None if it was not
            cancelled.
        end_reason: how the stream ended before the job did: a kind of failure, `CLOSED`, or
            `COMPLETE` for a stream that the server ended. None if the job completed.
    """

    event_id: str
    session: str
    fn_index: int | None
    started_at: float
    events: list[tuple[float, ServerSentEvent]] = field(
        default_factory=list[tuple[float, ServerSentEvent]]
    )
    inputs: int = 0
    cancelled_at: float | None = None
    end_reason: str | None = COMPLETE

    def with_event_id(self, event_id: str) -> JobRecording:
        """Return the same recording with another event id, in its events too."""
        names = {self.event_id: event_id}
        events = [(seconds, event.with_ids(names)) for seconds, event in self.events]
        return replace(self, event_id=event_id, events=events)


def read_job_recordings(exchanges: Iterable[Exchange]) -> dict[str, JobRecording]:
    """Return the jobs of a recording by event id, collected jobs (without a join) included."""
    exchanges = list(exchanges)
    distributor = _EventDistributor({job.event_id: job for job in _iter_joins(exchanges)})
    streams: dict[str, list[Exchange]] = defaultdict(list)
    for stream in exchanges:
        if is_stream(stream.method, stream.url) and stream.events is not None:
            session = read_session_hash(stream.url, None)
            streams[session].append(stream)
            distributor.add_stream(session, stream)
    _count_inputs(exchanges, distributor.jobs)
    _set_end_reasons(distributor.jobs.values(), streams)
    _set_cancel_times(exchanges, distributor.jobs.values())
    return distributor.jobs


def _count_inputs(exchanges: Iterable[Exchange], jobs: Mapping[str, JobRecording]) -> None:
    for exchange in exchanges:
        job = jobs.get(find_fed_event_id(exchange.method, exchange.url) or "")
        if job is not None and exchange.status == 200:
            job.inputs += 1


def _iter_joins(exchanges: Iterable[Exchange]) -> Iterator[JobRecording]:
    for exchange in exchanges:
        event_id = read_event_id(exchange)
        if is_join(exchange.method, exchange.url) and event_id:
            body = as_dict(exchange.request_body.get("json"))
            session = read_session_hash(exchange.url, body)
            fn_index = _as_fn_index(body.get("fn_index"))
            yield JobRecording(event_id, session, fn_index, exchange.answered_at)


class _EventDistributor:
    """Distributes the events of recorded streams to the jobs that they concern.

    Attributes:
        jobs: by event id.
    """

    def __init__(self, jobs: dict[str, JobRecording]) -> None:
        self.jobs = jobs
        # By session: jobs without a result, whose session has not ended with an error either.
        self._pending: dict[str, dict[str, JobRecording]] = defaultdict(dict)
        for event_id, job in jobs.items():
            self._pending[job.session][event_id] = job

    def add_stream(self, session: str, stream: Exchange) -> None:
        """Give each event to its job, and an event that ends the stream to all pending jobs."""
        for seconds, event in stream.events or ():
            message = event.as_object()
            event_id, kind = as_str(message.get("event_id")), as_str(message.get("msg"))
            if kind == "close_stream":
                continue
            if event_id:
                job = self._find_or_add(event_id, session, stream.started_at)
                job.events.append((seconds, event))
                if kind == "process_completed":
                    self._complete(event_id)
            elif kind in ("", "unexpected_error"):
                # Clients ignore every other message without an event id.
                for job in self._pending.pop(session, {}).values():
                    job.events.append((seconds, event))

    def _find_or_add(self, event_id: str, session: str, started_at: float) -> JobRecording:
        job = self.jobs.get(event_id)
        if job is None:
            job = self.jobs[event_id] = JobRecording(event_id, session, None, started_at)
        if job.end_reason is not None:
            self._pending[job.session][event_id] = job
        return job

    def _complete(self, event_id: str) -> None:
        job = self.jobs[event_id]
        job.end_reason = None
        self._pending[job.session].pop(event_id, None)


def _set_end_reasons(
    jobs: Iterable[JobRecording], streams: Mapping[str, Sequence[Exchange]]
) -> None:
    """End jobs without a result as the last stream of their session that may have carried them."""
    # Of each session, from its last stream backwards: the latest end so far.
    latest_ends = {
        session: [*accumulate((stream.ended_at for stream in reversed(session_streams)), max)]
        for session, session_streams in streams.items()
    }
    for job in jobs:
        ends = latest_ends.get(job.session, ())
        # A job that joined later has its events on a later stream of the same session.
        index = bisect_left(ends, job.started_at)
        if job.end_reason is not None and index < len(ends):
            job.end_reason = streams[job.session][-1 - index].end_reason


def _set_cancel_times(exchanges: Iterable[Exchange], jobs: Iterable[JobRecording]) -> None:
    """Set the time of the first cancel of each job's function while the job ran."""
    cancels: dict[tuple[str, int | None], list[float]] = defaultdict(list)
    for exchange in exchanges:
        if is_cancel(exchange.method, exchange.url):
            body = as_dict(exchange.request_body.get("json"))
            function = read_session_hash("", body), _as_fn_index(body.get("fn_index"))
            cancels[function].append(exchange.started_at)
    for times in cancels.values():
        times.sort()
    for job in jobs:
        times = cancels.get((job.session, job.fn_index), [])
        completed = job.events and job.end_reason is None
        completed_at = job.events[-1][0] if completed else float("inf")
        index = bisect_left(times, job.started_at)
        if index < len(times) and times[index] <= completed_at:
            job.cancelled_at = times[index]


def _as_fn_index(value: object) -> int | None:
    return value if isinstance(value, int) else None


def make_close_stream_event() -> ServerSentEvent:
    """Return the event that a server sends when a stream has no more jobs (Gradio 4.44+)."""
    data = json.dumps({"msg": "close_stream", "event_id": None})
    return ServerSentEvent("message", data)
