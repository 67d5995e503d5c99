"""The stable form of a recording: nothing in it differs from run to run but times and results."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from spacecall._core.json_values import as_dict, as_str, is_array, is_object
from spacecall.cassettes._engine.request_key import app_hosts, make_request_key
from spacecall.cassettes._format.bodies import StoredBody
from spacecall.cassettes._format.exchange import Exchange, Headers
from spacecall.cassettes._format.job_recordings import read_event_id, read_session_hash
from spacecall.cassettes._format.server_sent_event import IDS, ServerSentEvent

__all__ = ["map_texts", "to_stable_form", "with_session"]

# They differ in every run, and clients do not need them.
_VOLATILE_HEADERS: Final = frozenset(
    {
        *("date", "age", "expires", "etag", "last-modified"),
        *("content-length", "transfer-encoding", "connection", "keep-alive"),
    }
)
_IDS_IN_QUERY: Final = frozenset({"session_hash", "event_id", "upload_id"})
_IDS_IN_PATH: Final = re.compile(
    r"(/heartbeat/|/call/[^/]+/|(?<!/run)(?<!/call)/stream/)([^/]+)(/close)?$"
)
_BOUNDARY: Final = re.compile(r";\s*boundary=[^;]*", re.IGNORECASE)


def to_stable_form(exchanges: Sequence[Exchange], old: Iterable[Exchange] = ()) -> list[Exchange]:
    """Return new exchanges with ids that are the same in every run, without volatile headers.

    A session is called by its number, a job by a digest of its request: another call in between
    changes no other id.

    Args:
        exchanges: of one recording, in order.
        old: exchanges of the cassette that stay in it: their ids are not used again.
    """
    ids = _StableIds(_used_ids(old))
    ids.add(exchanges)
    return [ids.rename(exchange) for exchange in exchanges]


@dataclass(slots=True)
class _StableIds:
    """Stable ids.

    Attributes:
        used: ids that are not available.
        names: the stable ids by those of the recording.
    """

    used: set[str]
    names: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: Counter[str] = field(default_factory=Counter[str])

    def add(self, exchanges: Sequence[Exchange]) -> None:
        """Choose the ids of a recording."""
        hosts = app_hosts(exchange.url for exchange in exchanges)
        for exchange in exchanges:
            session = read_session_hash(exchange.url, exchange.request_body.get("json"))
            self._name(session, "session")
            if event_id := read_event_id(exchange):
                key = make_request_key(exchange.method, exchange.url, exchange.request_body, hosts)
                text = f"{key.method} {key.path} {key.query} {key.body}"
                digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
                self._name(event_id, digest[:12])
            for name, value in parse_qsl(urlsplit(exchange.url).query):
                if name in _IDS_IN_QUERY:
                    self._name(value, name.partition("_")[0])
            if match := _IDS_IN_PATH.search(urlsplit(exchange.url).path):
                self._name(match[2], "session" if match[1] == "/heartbeat/" else "event")

    def _name(self, recorded_id: str, prefix: str) -> None:
        if not recorded_id or recorded_id in self.names:
            return
        while True:
            self._numbers[prefix] += 1
            name = f"{prefix}-{self._numbers[prefix]}"
            if name not in self.used:
                break
        self.names[recorded_id] = name

    def rename(self, exchange: Exchange) -> Exchange:
        """Return an exchange with stable ids, without volatile headers."""
        events = exchange.events
        return replace(
            exchange,
            url=self._rename_url(exchange.url),
            request_headers=_drop_volatile(exchange.request_headers),
            request_body=self._rename_body(exchange.request_body),
            headers=_drop_volatile(exchange.headers),
            body=self._rename_body(exchange.body),
            events=None
            if events is None
            else [(seconds, event.with_ids(self.names)) for seconds, event in events],
        )

    def _rename_url(self, url: str) -> str:
        parts = urlsplit(url)
        path = _IDS_IN_PATH.sub(
            lambda match: match[1] + self._get(match[2]) + (match[3] or ""), parts.path
        )
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = parts.query
        if any(name in _IDS_IN_QUERY for name, _ in pairs):
            query = urlencode(
                [
                    (name, self._get(value) if name in _IDS_IN_QUERY else value)
                    for name, value in pairs
                ]
            )
        return (
            url
            if (path, query) == parts[2:4]
            else urlunsplit(parts._replace(path=path, query=query))
        )

    def _rename_body(self, body: StoredBody) -> StoredBody:
        return {**body, "json": self._rename_json(body["json"])} if "json" in body else body

    def _rename_json(self, value: Any) -> Any:
        """Return a message of the protocol with stable ids: they are not nested."""
        if not is_object(value):
            return value
        return {
            name: self._get(inner) if name in IDS and isinstance(inner, str) else inner
            for name, inner in value.items()
        }

    def _get(self, recorded_id: str) -> str:
        return self.names.get(recorded_id, recorded_id)


def with_session(exchange: Exchange, session: str) -> Exchange:
    """Return an exchange of another session."""
    ids = _StableIds(set())
    ids.names[read_session_hash(exchange.url, exchange.request_body.get("json"))] = session
    return ids.rename(exchange)


def map_texts(exchange: Exchange, change: Callable[[str], str]) -> Exchange:
    """Return an exchange whose URL, headers and JSON texts are changed."""

    def in_json(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if is_object(value):
            return {name: in_json(inner) for name, inner in value.items()}
        return [in_json(inner) for inner in value] if is_array(value) else value

    def in_body(body: StoredBody) -> StoredBody:
        return {**body, "json": in_json(body["json"])} if "json" in body else body

    def in_event(event: ServerSentEvent) -> ServerSentEvent:
        value = event.as_json()
        return event if value is None else ServerSentEvent.from_json(event.name, in_json(value))

    events = exchange.events
    return replace(
        exchange,
        url=change(exchange.url),
        request_body=in_body(exchange.request_body),
        body=in_body(exchange.body),
        events=None if events is None else [(at, in_event(event)) for at, event in events],
    )


def _drop_volatile(headers: Headers) -> Headers:
    return tuple(
        (name, _BOUNDARY.sub("", value) if name == "content-type" else value)
        for name, value in headers
        if name not in _VOLATILE_HEADERS
    )


def _used_ids(exchanges: Iterable[Exchange]) -> set[str]:
    """Return the ids in the requests of a recording, and of their jobs."""
    used: set[str] = set()
    for exchange in exchanges:
        body: Mapping[str, Any] = as_dict(exchange.request_body.get("json"))
        used |= {read_session_hash(exchange.url, body), read_event_id(exchange)}
        used |= {as_str(body.get(name)) for name in IDS}
        used |= {value for _, value in parse_qsl(urlsplit(exchange.url).query)}
    return used
