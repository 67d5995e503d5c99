"""What a cassette must not keep: taken out where it is known, refused where it is found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from spacecall._core.loose import is_array, is_object
from spacecall.cassettes.bodies import Stored
from spacecall.cassettes.exchange import Exchange, Headers
from spacecall.cassettes.sse import Event

GONE: Final = "SCRUBBED"
"""Stands in the place of what was taken out."""

FIELDS: Final = frozenset({"api_key", "access_token", "authorization", "password", "token"})
"""Names of fields, in JSON, forms and queries, whose value is never kept."""

_HEADERS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "x-hf-authorization", "x-api-key"),
        *("cookie", "set-cookie", "x-ip-token", "x-zerogpu-token", "x-zerogpu-uuid"),
    }
)
_SECRETS: Final = {
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{16,}|\bapi_org_[A-Za-z0-9]{16,}"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}"),
    "a bearer": re.compile(r"\b[Bb]earer\s+[\w.~+/-]{12,}"),
    "an API key": re.compile(r"\bsk-[\w-]{16,}|\bAIza[\w-]{30,}|\bAKIA[A-Z0-9]{16}\b"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
_FILE: Final = 2**20


def scrubbed(exchange: Exchange, fields: Collection[str]) -> Exchange:
    """An exchange without credentials.

    Args:
        fields: names of fields whose values go, besides those that always do.
    """
    names = _names(fields)
    return replace(
        exchange,
        url=_url(exchange.url, names),
        request_headers=_kept(exchange.request_headers),
        request_body=_body(exchange.request_body, names),
        headers=_kept(exchange.headers),
        body=_body(exchange.body, names),
        events=None
        if exchange.events is None
        else [(at, _event(event, names)) for at, event in exchange.events],
    )


def scrubbed_json(value: Any, fields: Collection[str]) -> Any:
    """A JSON value without credentials; see `scrubbed`."""
    return _json(value, _names(fields))


def secrets(exchange: Exchange) -> Iterator[str]:
    """What in an exchange looks like a secret: its kind and its place, never itself."""
    where = f"{exchange.method} {urlsplit(exchange.url).path}"
    texts: list[tuple[str, Any]] = [
        ("url", exchange.url),
        *((f"header {name}", value) for name, value in exchange.request_headers),
        ("request body", exchange.request_body),
        *((f"answer's header {name}", value) for name, value in exchange.headers),
        ("answer", exchange.body),
    ]
    for number, (_, event) in enumerate(exchange.events or (), start=1):
        texts.append((f"event {number}", event.data))
    for place, value in texts:
        for at, text in _texts(value, place):
            yield from (f"{kind} in {where}, {at}" for kind in _kinds(text))


def secrets_in(path: Path) -> Iterator[str]:
    """The same of the bytes of a file."""
    before = ""
    with path.open("rb") as file:
        while chunk := file.read(_FILE):
            text = before + chunk.decode("latin-1")
            yield from (f"{kind} in a body of {path.stat().st_size} bytes" for kind in _kinds(text))
            before = text[-200:]


def _kinds(text: str) -> Iterator[str]:
    return (kind for kind, found in _SECRETS.items() if found.search(text))


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, names of fields too, with its place."""
    if isinstance(value, str):
        yield place, value
    elif is_object(value):
        for name, inner in value.items():
            yield f"{place}, a name", name
            yield from _texts(inner, f"{place}.{name}")
    elif is_array(value):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")


def _names(fields: Collection[str]) -> frozenset[str]:
    return FIELDS | {name.lower() for name in fields}


def _kept(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in _HEADERS)


def _url(url: str, names: Collection[str]) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host, query=_form(parts.query, names)))


def _form(text: str, names: Collection[str]) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(name.lower() in names for name, _ in pairs):
        return text
    return urlencode([(name, GONE if name.lower() in names else value) for name, value in pairs])


def _body(body: Stored, names: Collection[str]) -> Stored:
    if "json" in body:
        return {**body, "json": _json(body["json"], names)}
    string = body.get("string")
    return {**body, "string": _form(string, names)} if isinstance(string, str) else body


def _json(value: Any, names: Collection[str]) -> Any:
    if is_object(value):
        return {
            name: GONE if name.lower() in names and isinstance(inner, str) else _json(inner, names)
            for name, inner in value.items()
        }
    return [_json(inner, names) for inner in value] if is_array(value) else value


def _event(event: Event, names: Collection[str]) -> Event:
    value = event.json()
    return event if value is None else Event.json_of(event.name, _json(value, names))
