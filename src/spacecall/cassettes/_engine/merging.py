"""Merging an older recording of a cassette with a new one."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import compress
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from spacecall._core.json_values import as_str, is_object
from spacecall.cassettes._engine.request_key import (
    LOOPBACK,
    RequestKey,
    app_hosts,
    make_request_key,
)
from spacecall.cassettes._engine.stable_form import map_texts, with_session
from spacecall.cassettes._format.exchange import COMPLETE, Exchange, get_header
from spacecall.cassettes._format.job_recordings import (
    is_cancel,
    is_join,
    is_stream,
    read_event_id,
    read_session_hash,
)

__all__ = ["append_recording", "find_remaining", "keep_unchanged"]

# Of messages: measured by the server in each run.
_MEASURED: Final = frozenset(
    {
        *("duration", "average_duration", "cache_duration", "avg_time", "process_time"),
        *("eta", "rank_eta", "rank", "queue_size"),
    }
)
# How many come depends on the queue, and on who closes the stream first.
_MESSAGES_OF_QUEUE: Final = frozenset({"estimation", "close_stream"})
_Meaning: TypeAlias = tuple[RequestKey, str]


def find_remaining(
    old: Sequence[Exchange],
    new: Sequence[Exchange],
    other_tests: Set[str] = frozenset(),
    *,
    keeps_unmade: bool = True,
) -> list[Exchange]:
    """Return the old exchanges that stay beside new ones, with the streams of their jobs.

    Args:
        old: exchanges of the cassette.
        new: exchanges that a test has recorded.
        other_tests: whose exchanges stay.
        keeps_unmade: whether other exchanges stay too, if they were not recorded again.
    """
    new_keys = set(_request_keys(new))
    streams = [is_stream(exchange.method, exchange.url) for exchange in old]
    remains = [
        not stream and (exchange.test in other_tests or (keeps_unmade and key not in new_keys))
        for exchange, stream, key in zip(old, streams, _request_keys(old), strict=True)
    ]
    joins = [
        exchange for exchange in compress(old, remains) if is_join(exchange.method, exchange.url)
    ]
    jobs, sessions = {read_event_id(join) for join in joins}, {_session(join) for join in joins}
    dropped = {
        read_event_id(exchange) for exchange, flag in zip(old, remains, strict=True) if not flag
    }
    remains = [
        flag or (stream and _serves(exchange, jobs, sessions))
        for exchange, stream, flag in zip(old, streams, remains, strict=True)
    ]
    return [_without_jobs(exchange, dropped - {""}) for exchange in compress(old, remains)]


def _serves(stream: Exchange, jobs: Set[str], sessions: Set[str]) -> bool:
    """Return whether a stream has events of one of these jobs, or may have had some."""
    events = [as_str(event.as_object().get("event_id")) for _, event in stream.events or ()]
    event_ids = set(filter(None, events))
    return not event_ids.isdisjoint(jobs) if event_ids else _session(stream) in sessions


def append_recording(older: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    """Return older exchanges, then the new ones at later times."""
    offset = max((exchange.ended_at for exchange in older), default=0.0)
    return [*older, *(_shift_times(exchange, offset) for exchange in new)]


def _shift_times(exchange: Exchange, seconds: float) -> Exchange:
    """Return the same exchange, later by `seconds`."""
    events = exchange.events
    return replace(
        exchange,
        started_at=exchange.started_at + seconds,
        answered_at=exchange.answered_at + seconds,
        ended_at=exchange.ended_at + seconds,
        events=None
        if events is None
        else [(event_time + seconds, event) for event_time, event in events],
    )


def keep_unchanged(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    """Return the new exchanges; one that means the same as an old one is the old one.

    So a new recording of an app that has not changed is the old recording, whatever its times,
    port and order; if nothing means the same, its port is the new one. The exchanges of a session
    are kept together if its jobs were cancelled or lost, since their times belong together. An old
    exchange of an unknown test becomes that of the test which made the same request.
    """
    recorded, new = new, _with_old_host(old, new)
    candidates: defaultdict[tuple[str, _Meaning], deque[Exchange]] = defaultdict(deque)
    positions = {id(exchange): position for position, exchange in enumerate(old)}
    for exchange, meaning in zip(old, _meanings(old), strict=True):
        candidates[exchange.test, meaning].append(exchange)
    matches: list[Exchange | None] = []
    for exchange, meaning in zip(new, _meanings(new), strict=True):
        same = candidates[exchange.test, meaning] or candidates["", meaning]
        matches.append(same.popleft() if same else None)
    if not any(matches):
        return [*recorded]
    new = _with_old_sessions(new, matches)
    sessions = [_session(exchange) for exchange in new]
    pairs = [*zip(sessions, new, matches, strict=True)]
    timed = {session for session, exchange, _ in pairs if _depends_on_time(exchange)}
    changed = {session for session, _, match in pairs if session and match is None} & timed
    kept: list[tuple[int, int, Exchange]] = []
    position = -1
    for number, (session, exchange, match) in enumerate(pairs):
        if match is not None and session not in changed:
            position = positions[id(match)]
            if match.test != exchange.test:
                match = replace(match, test=exchange.test)  # noqa: PLW2901
            kept.append((position, -1, match))
        else:  # after the exchange before it
            kept.append((position, number, exchange))
    kept.sort(key=lambda entry: entry[:2])
    return [exchange for _, _, exchange in kept]


def _with_old_sessions(
    new: Sequence[Exchange], matches: Sequence[Exchange | None]
) -> list[Exchange]:
    """Return new exchanges with the session ids and times of the old recording, where it has some.

    Args:
        new: exchanges.
        matches: the old exchange that means the same as each.
    """
    sessions: dict[str, tuple[str, float]] = {}
    for exchange, match in zip(new, matches, strict=True):
        session = _session(exchange)
        if match is not None and session:
            delay = match.started_at - exchange.started_at
            sessions.setdefault(session, (_session(match), delay))
    renamed: list[Exchange] = []
    for exchange in new:
        old_session, delay = sessions.get(_session(exchange), ("", 0.0))
        shifted = _shift_times(exchange, max(delay, -exchange.started_at))
        renamed.append(with_session(shifted, old_session) if old_session else exchange)
    return renamed


def _with_old_host(old: Sequence[Exchange], new: Sequence[Exchange]) -> Sequence[Exchange]:
    """Return exchanges of an app on this machine with the port that it had in `old`."""
    of_cassette = {id(exchange) for exchange in old}
    recorded = [exchange for exchange in new if id(exchange) not in of_cassette]
    old_origin, new_origin = _local_origin(old), _local_origin(recorded)
    if not old_origin or not new_origin or old_origin == new_origin:
        return new

    def change(text: str) -> str:
        tail = text.removeprefix(new_origin)
        return text if tail == text or tail[:1].isdigit() else old_origin + tail

    host = urlsplit(old_origin).netloc
    return [
        replace(
            map_texts(exchange, change),
            request_headers=tuple(
                (name, host if name == "host" else value)
                for name, value in exchange.request_headers
            ),
        )
        if exchange.url.startswith(new_origin)
        else exchange
        for exchange in new
    ]


def _local_origin(exchanges: Sequence[Exchange]) -> str:
    """Return the origin of the only recorded app if it is on this machine; else an empty text."""
    origins = {
        f"{parts.scheme}://{parts.netloc}"
        for parts in (urlsplit(exchange.url) for exchange in exchanges)
        if parts.path.endswith("/config")
    }
    origin = origins.pop() if len(origins) == 1 else ""
    return origin if urlsplit(origin).hostname in LOOPBACK else ""


def _without_jobs(exchange: Exchange, event_ids: set[str]) -> Exchange:
    """Return a stream without the events of these jobs, which were recorded again."""
    if not event_ids or not exchange.events:
        return exchange
    events = [
        (seconds, event)
        for seconds, event in exchange.events
        if as_str(event.as_object().get("event_id")) not in event_ids
    ]
    return replace(exchange, events=events)


def _depends_on_time(exchange: Exchange) -> bool:
    return _is_broken(exchange) or is_cancel(exchange.method, exchange.url)


def _is_broken(exchange: Exchange) -> bool:
    """Return whether a response ended before its time; a stream, before its jobs were done."""
    if exchange.end_reason == COMPLETE or exchange.events is None:
        return exchange.end_reason != COMPLETE
    running: set[str] = set()
    for _, event in exchange.events:
        message = event.as_object()
        event_id = as_str(message.get("event_id"))
        if message.get("msg") == "process_completed":
            running.discard(event_id)
        elif event_id or not message:
            running.add(event_id)
    return bool(running) or not is_stream(exchange.method, exchange.url)


def _session(exchange: Exchange) -> str:
    return read_session_hash(exchange.url, exchange.request_body.get("json"))


def _request_keys(exchanges: Sequence[Exchange]) -> list[RequestKey]:
    hosts = app_hosts(exchange.url for exchange in exchanges)
    return [
        make_request_key(exchange.method, exchange.url, exchange.request_body, hosts)
        for exchange in exchanges
    ]


def _meanings(exchanges: Sequence[Exchange]) -> list[_Meaning]:
    """Return of each exchange what is the same in every run, if the app is the same."""
    return [
        (key, _response_meaning(exchange))
        for key, exchange in zip(_request_keys(exchanges), exchanges, strict=True)
    ]


def _response_meaning(exchange: Exchange) -> str:
    body: Mapping[str, Any] = exchange.body
    if "json" in body:
        body = {"json": _without_measures(body["json"])}
    content_type = get_header(exchange.headers, "content-type")
    jobs: defaultdict[str, list[Any]] = defaultdict(list)
    for _, event in exchange.events or ():
        message = event.as_object()
        if message.get("msg") not in _MESSAGES_OF_QUEUE:
            value = event.as_json()
            data = event.data if value is None else _without_measures(value)
            jobs[as_str(message.get("event_id"))].append([event.name, data])
    # If its jobs are done, it does not matter who closes the stream first.
    end_reason = exchange.end_reason if _is_broken(exchange) else COMPLETE
    parts = [exchange.status, end_reason, content_type, body, jobs]
    return json.dumps(parts, sort_keys=True)


def _without_measures(message: Any) -> Any:
    """Return a message of the protocol without what the server measures."""
    if is_object(message):
        return {
            name: _without_measures(inner) if name == "output" else inner
            for name, inner in message.items()
            if name not in _MEASURED
        }
    return message
