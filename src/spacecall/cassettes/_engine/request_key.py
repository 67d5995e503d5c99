"""When two requests mean the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spacecall._core.loose import is_array, is_object
from spacecall.cassettes._format.bodies import Stored, content, parts

ANY = "*"
"""Stands for what is another in every run."""

# What a client or a server makes up for a run.
_MADE_UP = frozenset({"session_hash", "event_id", "upload_id"})
# Signed addresses: S3, Google Cloud Storage, CloudFront, Azure.
_SIGNED = re.compile(
    r"x-(?:amz|goog)-.*|signature|expires|policy|key-pair-id|awsaccesskeyid|sig|se|sp|st|sv|sr|skoid"
    r"|token|__sign",
    re.IGNORECASE,
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TEMPORARY = re.compile(r"^(?:/private)?(?:/tmp|/var/folders|/var/tmp)/(?:[^/]+/)*([^/]+)$")
_URL = re.compile(r"https?://([^/]+)(/.*)")
_SESSION_IN_PATH = re.compile(r"(/heartbeat/)[^/]+$")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a request asks for, without what is another in every run.

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

    def differences(self, other: Meaning) -> list[str]:
        """Where `self` is not as `other`, which was recorded: one line a place."""
        found = [
            f"{name}: {getattr(self, name) or '-'} (recorded: {getattr(other, name) or '-'})"
            for name in ("method", "host", "path")
            if getattr(self, name) != getattr(other, name)
        ]
        for name in ("query", "body"):
            found += _differences(_value(getattr(self, name)), _value(getattr(other, name)), name)
        return found


def meaning(method: str, url: str, body: Stored, hosts: frozenset[str]) -> Meaning:
    """What a request means. `hosts`: as host:port, that stand for the app."""
    parts_of_url = urlsplit(url)
    host = parts_of_url.netloc.rpartition("@")[2].lower()
    return Meaning(
        method,
        "" if host in hosts else host,
        _SESSION_IN_PATH.sub(rf"\1{ANY}", parts_of_url.path),
        _text(sorted((name, _query(name, value)) for name, value in parse_qsl(parts_of_url.query))),
        _body(body, hosts),
    )


def app_hosts(urls: Iterable[str]) -> frozenset[str]:
    """The hosts, as host:port, that are another in every run: apps, and this machine."""
    found = [urlsplit(url) for url in urls]
    return frozenset(
        one.netloc.rpartition("@")[2].lower()
        for one in found
        if one.path.endswith("/config") or one.hostname in _LOOPBACK
    )


def _query(name: str, value: str) -> str:
    return ANY if name in _MADE_UP or _SIGNED.fullmatch(name) else value


def _body(body: Stored, hosts: frozenset[str]) -> str:
    if not body:
        return ""
    if "parts" in body:
        return _text([[part.get("name"), part.get("sha256")] for part in parts(body)])
    if "json" in body:
        return _text(_canonical(body["json"], hosts))
    if "sha256" in body:
        return _text(["sha256", body["sha256"]])
    return content(body).decode(errors="replace")


def _canonical(value: Any, hosts: frozenset[str]) -> Any:
    if is_object(value):
        return {
            name: ANY if name in _MADE_UP else _canonical(inner, hosts)
            for name, inner in value.items()
        }
    if is_array(value):
        return [_canonical(inner, hosts) for inner in value]
    return _place(value, hosts) if isinstance(value, str) else value


def _place(value: str, hosts: frozenset[str]) -> str:
    """`value`, and if it is a place of the app or of a temporary folder, what names it there."""
    if found := _URL.match(value):
        return f"{ANY}{found[2]}" if found[1].lower() in hosts else value
    if found := _TEMPORARY.match(value):
        return f"{ANY}/{found[1]}"
    return value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _differences(new: Any, recorded: Any, place: str) -> list[str]:
    """Each place where two JSON values differ."""
    if is_object(new) and is_object(recorded):
        names = sorted({*new, *recorded})
        return _each(new, recorded, names, place)
    if is_array(new) and is_array(recorded):
        return _each(
            dict(enumerate(new)),
            dict(enumerate(recorded)),
            range(max(len(new), len(recorded))),
            place,
        )
    if type(new) is type(recorded) and new == recorded:
        return []
    return [f"{place}: {_shown(new)} (recorded: {_shown(recorded)})"]


_MISSING = object()


def _each(
    new: Mapping[Any, Any], recorded: Mapping[Any, Any], names: Iterable[Any], place: str
) -> list[str]:
    found: list[str] = []
    for name in names:
        one, other = new.get(name, _MISSING), recorded.get(name, _MISSING)
        where = f"{place}[{name}]" if isinstance(name, int) else f"{place}.{name}"
        found += _differences(one, other, where)
    return found


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"
