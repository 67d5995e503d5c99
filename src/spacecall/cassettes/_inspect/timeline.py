"""What happened when, in a recording: jobs from their joins to their ends, and other requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from spacecall._core.loose import mapping, text
from spacecall.cassettes._format.exchange import CLOSED, Exchange
from spacecall.cassettes._format.job_recordings import (
    Reel,
    event_id_of,
    is_cancel,
    is_join,
    is_stream,
    read_reels,
    session_of,
)
from spacecall.cassettes._format.recorded_apps import Addresses, App
from spacecall.cassettes._format.server_sent_event import Event

_OUTPUTS = ("process_generating", "process_streaming", "generating")
_COMPLETED = "process_completed"


class Outcome(StrEnum):
    """How a job or a request ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LEFT = "left"
    """The client went away before its end."""
    LOST = "lost"
    """The network failed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that was told, in seconds since the recording began.

    Attributes:
        kind: of the message, such as `process_starts`; `request` and `answer` of the exchange.
        value: what was told.
    """

    at: float
    kind: str
    value: Any = None

    @property
    def is_output(self) -> bool:
        """Whether a value came with it, before the last."""
        return self.kind in _OUTPUTS


@dataclass(frozen=True, slots=True)
class Row:
    """A job, or a request that is none. Times are in seconds since the recording began.

    Attributes:
        name: the endpoint of a job, method and path of a request.
        job: whether it is a job of a queue.
        session: the number of its session in the recording, from 1; 0 for none.
        started: when the app began to work on it; None where it did not say.
        remark: what the app said of its failure, or the status of the answer.
    """

    name: str
    job: bool
    session: int
    began: float
    ended: float
    started: float | None
    outcome: Outcome
    remark: str = ""
    moments: tuple[Moment, ...] = ()

    @property
    def outputs(self) -> tuple[float, ...]:
        """When values came, before the last one."""
        return tuple(one.at for one in self.moments if one.is_output)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recording in the order of time.

    Attributes:
        rows: by their beginning.
        began: when its first request was made.
        length: seconds from then to its last answer.
    """

    rows: Sequence[Row]
    began: float
    length: float


def read_timeline(exchanges: Sequence[Exchange], apps: Mapping[str, App]) -> Timeline:
    """The timeline of a recording.

    Args:
        exchanges: of one cassette.
        apps: that it talks to, which name the endpoints.
    """
    reels = read_reels(exchanges)
    numbers: dict[str, int] = {}
    for reel in sorted(reels.values(), key=lambda one: one.began):
        numbers.setdefault(reel.session, len(numbers) + 1)
    rows = [*_jobs(exchanges, reels, numbers, apps), *_requests(exchanges, reels)]
    rows.sort(key=lambda one: one.began)
    began = rows[0].began if rows else 0.0
    return Timeline(rows, began, max((one.ended - began for one in rows), default=0.0))


def _jobs(
    exchanges: Sequence[Exchange],
    reels: Mapping[str, Reel],
    numbers: Mapping[str, int],
    apps: Mapping[str, App],
) -> Iterator[Row]:
    named = _Names(apps)
    joins = {event_id_of(one): one for one in exchanges if is_join(one.method, one.url)}
    closed = {
        session_of(one.url, None): one.ended for one in exchanges if is_stream(one.method, one.url)
    }
    for event_id, reel in reels.items():
        join = joins.get(event_id)
        began = join.began if join else reel.began
        moments = [_moment(at, event) for at, event in reel.events]
        if join:
            moments.insert(0, Moment(join.began, "request", join.request_body.get("json")))
        if reel.cancelled is not None:
            moments.append(Moment(reel.cancelled, "cancel"))
            moments.sort(key=lambda one: one.at)
        started = next((one.at for one in moments if one.kind == "process_starts"), None)
        outcome, remark = _outcome(reel)
        last = max((one.at for one in moments), default=began)
        yield Row(
            name=named.endpoint(reel, join),
            job=True,
            session=numbers[reel.session],
            began=began,
            ended=last if reel.end is None else max(last, closed.get(reel.session, last)),
            started=started,
            outcome=outcome,
            remark=remark,
            moments=tuple(moments),
        )


def _outcome(reel: Reel) -> tuple[Outcome, str]:
    if reel.end is not None:
        return (Outcome.LEFT, "") if reel.end == CLOSED else (Outcome.LOST, reel.end)
    message = reel.events[-1][1].value()
    output = mapping(message.get("output"))
    if message.get("success") is False:
        return Outcome.FAILED, text(output.get("error"))
    return (Outcome.DONE if "data" in output else Outcome.CANCELLED), ""


class _Names:
    """The names of the endpoints of apps."""

    def __init__(self, apps: Mapping[str, App]) -> None:
        self._addresses = Addresses(apps)
        self._by_config: dict[int, dict[int, str]] = {}

    def endpoint(self, reel: Reel, join: Exchange | None) -> str:
        """The name of a job's endpoint, or what else is to be said of it."""
        if reel.fn_index is None:
            return "a job"
        app = self._addresses.app_at(join.url) if join else None
        name = self._of(app).get(reel.fn_index) if app else None
        return name or f"function {reel.fn_index}"

    def _of(self, app: App) -> dict[int, str]:
        # Apps at several addresses may have one /config, beside the cassette.
        key = id(app.config)
        if key not in self._by_config:
            names = self._by_config[key] = {}
            for one in app.config.dependencies:
                if one.name:
                    names.setdefault(one.fn_index, one.name)
        return self._by_config[key]


def _requests(exchanges: Sequence[Exchange], reels: Mapping[str, Reel]) -> Iterator[Row]:
    """What is no part of a job that joined."""
    for one in exchanges:
        known = event_id_of(one) in reels
        if is_stream(one.method, one.url) or is_cancel(one.method, one.url) or known:
            continue
        answer = Moment(one.answered, "answer", dict(one.body)) if one.status else None
        events = [_moment(at, event) for at, event in one.events or ()]
        sent = Moment(one.began, "request", dict(one.request_body))
        yield Row(
            name=f"{one.method} {urlsplit(one.url).path}",
            job=False,
            session=0,
            began=one.began,
            ended=max(one.ended, one.began),
            started=one.answered if one.status else None,
            outcome=_ended(one),
            remark=str(one.status) if one.status else one.end,
            moments=(sent, *([answer] if answer and one.events is None else []), *events),
        )


def _moment(at: float, event: Event) -> Moment:
    value = event.json()
    return Moment(at, text(mapping(value).get("msg")) or event.name, value)


def _ended(exchange: Exchange) -> Outcome:
    if exchange.end == CLOSED:
        return Outcome.LEFT
    if not exchange.status:
        return Outcome.LOST
    return Outcome.FAILED if exchange.status >= 400 else Outcome.DONE
