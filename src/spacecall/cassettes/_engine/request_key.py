"""The key by which requests match: the parts that are the same in every run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spacecall._core.json_values import is_array, is_object
from spacecall.cassettes._format.bodies import StoredBody, body_bytes
from spacecall.cassettes._format.job_recordings import find_fed_event_id
from spacecall.cassettes._format.upload_parts import stored_parts

ANY = "*"
"""Replaces what differs in every run."""

# What a client or a server generates for a run.
_GENERATED = frozenset({"session_hash", "event_id", "upload_id"})
# Parameters of signed URLs: S3, Google Cloud Storage, CloudFront, Azure.
_SIGNED = re.compile(
    r"x-(?:amz|goog)-.*|signature|expires|policy|key-pair-id|awsaccesskeyid|sig|se|sp|st|sv|sr|skoid"
    r"|token|__sign",
    re.IGNORECASE,
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine."""

_TEMPORARY = re.compile(r"^(?:/private)?(?:/tmp|/var/folders|/var/tmp)/(?:[^/]+/)*([^/]+)$")
_URL = re.compile(r"https?://([^/]+)(/.*)")
_SESSION_IN_PATH = re.compile(r"(/heartbeat/)[^/]+$")


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The parts of a request that are the same in every run.

    Attributes:
        host: empty for the app itself, wherever it runs.
        query: names and values, sorted, as JSON.
        body: the values, or the parts of an upload, as JSON with sorted keys; or the text.
    """

    method: str
    host: str
    path: str
    query: str
    body: str

    def differences(self, recorded: RequestKey) -> list[str]:
        """Return where this key differs from a recorded one: a line for each location."""
        lines = [
            f"{name}: {getattr(self, name) or '-'} (recorded: {getattr(recorded, name) or '-'})"
            for name in ("method", "host", "path")
            if getattr(self, name) != getattr(recorded, name)
        ]
        for name in ("query", "body"):
            new_value, old_value = _parse(getattr(self, name)), _parse(getattr(recorded, name))
            lines += _compare(new_value, old_value, name)
        return lines


def make_request_key(method: str, url: str, body: StoredBody, hosts: frozenset[str]) -> RequestKey:
    """Return the key of a request.

    Args:
        hosts: that are the app itself, as host:port.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    query = sorted((name, _query_value(name, value)) for name, value in parse_qsl(parts.query))
    return RequestKey(
        method,
        "" if host in hosts else host,
        _canonicalize_path(method, url),
        _dump(query),
        _body_key(body, hosts),
    )


def _canonicalize_path(method: str, url: str) -> str:
    """Return the path without the ids that differ in every run."""
    path = urlsplit(url).path
    if find_fed_event_id(method, url):
        return f"{path[: path.rfind('/')]}/{ANY}"
    return _SESSION_IN_PATH.sub(rf"\1{ANY}", path)


def app_hosts(urls: Iterable[str]) -> frozenset[str]:
    """Return the hosts, as host:port, that differ in every run: those of apps and this machine."""
    return frozenset(
        parts.netloc.rpartition("@")[2].lower()
        for parts in map(urlsplit, urls)
        if parts.path.endswith("/config") or parts.hostname in LOOPBACK
    )


def _query_value(name: str, value: str) -> str:
    return ANY if name in _GENERATED or _SIGNED.fullmatch(name) else value


def _body_key(body: StoredBody, hosts: frozenset[str]) -> str:
    if not body:
        return ""
    if "parts" in body:
        return _dump([[part.get("name"), part.get("sha256")] for part in stored_parts(body)])
    if "json" in body:
        return _dump(_canonicalize(body["json"], hosts))
    if "sha256" in body:
        return _dump(["sha256", body["sha256"]])
    return body_bytes(body).decode(errors="replace")


def _canonicalize(value: Any, hosts: frozenset[str]) -> Any:
    if is_object(value):
        return {
            name: ANY if name in _GENERATED else _canonicalize(inner, hosts)
            for name, inner in value.items()
        }
    if is_array(value):
        return [_canonicalize(inner, hosts) for inner in value]
    return _canonicalize_location(value, hosts) if isinstance(value, str) else value


def _canonicalize_location(value: str, hosts: frozenset[str]) -> str:
    """Return a text; of a URL of the app or a temporary path, the part that does not vary."""
    if match := _URL.match(value):
        return f"{ANY}{match[2]}" if match[1].lower() in hosts else value
    if match := _TEMPORARY.match(value):
        return f"{ANY}/{match[1]}"
    return value


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _compare(new: Any, recorded: Any, path: str) -> list[str]:
    """Return a line for each path at which two JSON values differ."""
    if is_object(new) and is_object(recorded):
        return _compare_items(new, recorded, sorted({*new, *recorded}), path)
    if is_array(new) and is_array(recorded):
        indices = range(max(len(new), len(recorded)))
        return _compare_items(dict(enumerate(new)), dict(enumerate(recorded)), indices, path)
    if type(new) is type(recorded) and new == recorded:
        return []
    return [f"{path}: {_shorten(new)} (recorded: {_shorten(recorded)})"]


_MISSING = object()


def _compare_items(
    new: Mapping[Any, Any], recorded: Mapping[Any, Any], keys: Iterable[Any], path: str
) -> list[str]:
    lines: list[str] = []
    for key in keys:
        item_path = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
        lines += _compare(new.get(key, _MISSING), recorded.get(key, _MISSING), item_path)
    return lines


def _shorten(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"
