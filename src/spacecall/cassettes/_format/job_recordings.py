"""Recorded streams taken apart: what each job was told, and what it waited for."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from urllib.parse import parse_qs, urlsplit

from spacecall._core.loose import mapping, text
from spacecall.cassettes._format.exchange import COMPLETE, Exchange
from spacecall.cassettes._format.server_sent_event import Event

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
    cast = _Cast({reel.event_id: reel for reel in _joined(everything)})
    streams: dict[str, list[Exchange]] = defaultdict(list)
    for stream in everything:
        if is_stream(stream.method, stream.url) and stream.events is not None:
            session = session_of(stream.url, None)
            streams[session].append(stream)
            cast.hear(session, stream)
    _end(cast.reels.values(), streams)
    _cancel(everything, cast.reels.values())
    return cast.reels


def _joined(exchanges: Iterable[Exchange]) -> Iterator[Reel]:
    for one in exchanges:
        event_id = event_id_of(one)
        if is_join(one.method, one.url) and event_id:
            body = mapping(one.request_body.get("json"))
            session = session_of(one.url, body)
            yield Reel(event_id, session, _index(body.get("fn_index")), one.answered)


class _Cast:
    """The jobs of a recording, while its streams are told.

    Attributes:
        reels: by event id.
    """

    def __init__(self, reels: dict[str, Reel]) -> None:
        self.reels = reels
        # By session, those that have no result yet and were not told of their session's end.
        self._waiting: dict[str, dict[str, Reel]] = defaultdict(dict)
        for event_id, reel in reels.items():
            self._waiting[reel.session][event_id] = reel

    def hear(self, session: str, stream: Exchange) -> None:
        """Give each event of a stream to its job; what ends the stream, to all that wait."""
        for at, event in stream.events or ():
            message = event.value()
            event_id, kind = text(message.get("event_id")), text(message.get("msg"))
            if kind == "close_stream":
                continue
            if event_id:
                self._own(event_id, session, stream.began).events.append((at, event))
                if kind == "process_completed":
                    self._complete(event_id)
            elif kind in ("", "unexpected_error"):
                # Clients pass over every other message that names no job.
                for reel in self._waiting.pop(session, {}).values():
                    reel.events.append((at, event))

    def _own(self, event_id: str, session: str, began: float) -> Reel:
        reel = self.reels.get(event_id)
        if reel is None:
            reel = self.reels[event_id] = Reel(event_id, session, None, began)
        if reel.end is not None:
            self._waiting[reel.session][event_id] = reel
        return reel

    def _complete(self, event_id: str) -> None:
        reel = self.reels[event_id]
        reel.end = None
        self._waiting[reel.session].pop(event_id, None)


def _end(reels: Iterable[Reel], streams: Mapping[str, Sequence[Exchange]]) -> None:
    """End the jobs without a result as the last stream of their session that they may be on."""
    latest = {
        session: [*accumulate((one.ended for one in reversed(found)), max)]
        for session, found in streams.items()
    }
    for reel in reels:
        ends = latest.get(reel.session, ())
        # A job that joined later has its events on a later stream of the same session.
        place = bisect_left(ends, reel.began)
        if reel.end is not None and place < len(ends):
            reel.end = streams[reel.session][-1 - place].end


def _cancel(exchanges: Iterable[Exchange], reels: Iterable[Reel]) -> None:
    """Note the first cancel of each job's function while it ran."""
    times: dict[tuple[str, int | None], list[float]] = defaultdict(list)
    for cancel in exchanges:
        if is_cancel(cancel.method, cancel.url):
            body = mapping(cancel.request_body.get("json"))
            times[session_of("", body), _index(body.get("fn_index"))].append(cancel.began)
    for found in times.values():
        found.sort()
    for reel in reels:
        cancels = times.get((reel.session, reel.fn_index), ())
        ended = reel.events[-1][0] if reel.events and reel.end is None else float("inf")
        place = bisect_left(cancels, reel.began)
        if place < len(cancels) and cancels[place] <= ended:
            reel.cancelled = cancels[place]


def _index(value: object) -> int | None:
    return value if isinstance(value, int) else None


def close_stream() -> Event:
    """What a server says when nothing is left to tell on a stream (4.44+)."""
    return Event("message", json.dumps({"msg": "close_stream", "event_id": None}))
