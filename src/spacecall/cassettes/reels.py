"""Recorded streams taken apart: what each job was told, and what it waited for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from spacecall._core.loose import mapping, text
from spacecall.cassettes.exchange import COMPLETE, Exchange
from spacecall.cassettes.sse import Event

_STREAM = "/queue/data"
_JOIN = "/queue/join"
_CANCEL = "/cancel"


def is_stream(method: str, url: str) -> bool:
    """Whether a request opens the stream of a session."""
    return method == "GET" and urlsplit(url).path.endswith(_STREAM)


def is_join(method: str, url: str) -> bool:
    """Whether a request puts a job into a queue."""
    return method == "POST" and urlsplit(url).path.endswith(_JOIN)


def is_cancel(method: str, url: str) -> bool:
    """Whether a request cancels jobs."""
    return method == "POST" and urlsplit(url).path.endswith(_CANCEL)


def session_of(url: str, body: object) -> str:
    """The session that a request is about; empty if it names none."""
    named = parse_qs(urlsplit(url).query).get("session_hash", [""])[0]
    return named or text(mapping(body).get("session_hash"))


def event_id_of(join: Exchange) -> str:
    """The job that the answer to a join names; empty if it names none."""
    return text(mapping(join.body.get("json")).get("event_id"))


@dataclass(slots=True)
class Reel:
    """What was recorded of one job.

    Attributes:
        event_id: of the recording.
        began: when it was joined, in seconds since the recording began.
        events: with their times, in order; the last may concern the whole session.
        cancelled: when it was cancelled: later events wait for a cancel. None if it was not.
        end: how the stream ended before the job did: a kind of failure, `CLOSED`, or `COMPLETE`
            for a stream that the server ended. None where the job ended by itself.
    """

    event_id: str
    session: str
    fn_index: int | None
    began: float
    events: list[tuple[float, Event]] = field(default_factory=list[tuple[float, Event]])
    cancelled: float | None = None
    end: str | None = COMPLETE


def read_reels(exchanges: Iterable[Exchange]) -> dict[str, Reel]:
    """The jobs of a recording, by event id; those without a join too, which were collected."""
    everything = list(exchanges)
    reels = {reel.event_id: reel for reel in _joined(everything)}
    for stream in everything:
        if is_stream(stream.method, stream.url) and stream.events is not None:
            _distribute(stream, reels)
    for cancel in everything:
        if is_cancel(cancel.method, cancel.url):
            _cancel(cancel, reels.values())
    return reels


def _joined(exchanges: Iterable[Exchange]) -> Iterator[Reel]:
    for one in exchanges:
        event_id = event_id_of(one)
        if is_join(one.method, one.url) and event_id:
            body = mapping(one.request_body.get("json"))
            session = session_of(one.url, body)
            yield Reel(event_id, session, _index(body.get("fn_index")), one.answered)


def _distribute(stream: Exchange, reels: dict[str, Reel]) -> None:
    """Give each event of a stream to its job; what concerns no single job, to all that live."""
    session = session_of(stream.url, None)
    alive = {key: reel for key, reel in reels.items() if reel.session == session and reel.end}
    for at, event in stream.events or ():
        message = event.value()
        event_id = text(message.get("event_id"))
        if message.get("msg") == "close_stream":
            continue
        if event_id and event_id not in reels:
            reels[event_id] = alive[event_id] = Reel(event_id, session, None, stream.began)
        for reel in [reels[event_id]] if event_id else [*alive.values()]:
            reel.events.append((at, event))
        if event_id and message.get("msg") == "process_completed":
            reels[event_id].end = None
            alive.pop(event_id, None)
    for reel in alive.values():
        # A job that joined later has its events on a later stream of the same session.
        if reel.began <= stream.ended:
            reel.end = stream.end


def _cancel(cancel: Exchange, reels: Iterable[Reel]) -> None:
    body = mapping(cancel.request_body.get("json"))
    fn_index = _index(body.get("fn_index"))
    for reel in reels:
        ended = reel.events[-1][0] if reel.events and reel.end is None else float("inf")
        same = (reel.session, reel.fn_index) == (session_of("", body), fn_index)
        if same and reel.began <= cancel.began <= ended and reel.cancelled is None:
            reel.cancelled = cancel.began


def _index(value: object) -> int | None:
    return value if isinstance(value, int) else None


def close_stream() -> Event:
    """What a server says when nothing is left to tell on a stream (4.44+)."""
    return Event("message", json.dumps({"msg": "close_stream", "event_id": None}))
