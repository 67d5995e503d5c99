"""The apps that a recording talks to, as their recorded /config tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from spacecall._core.config import AppConfig, read_config
from spacecall._core.fingerprint import fingerprints
from spacecall._core.loose import is_object, mapping, text
from spacecall.cassettes._format.bodies import MAX_JSON, Stored
from spacecall.cassettes._format.cassette_json import parse_json
from spacecall.cassettes._format.exchange import Exchange
from spacecall.errors import ProtocolError

T = TypeVar("T")
Read = Callable[[Stored], bytes]
"""Gives the bytes of a stored body."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of a recording.

    Attributes:
        base: its address, with its sub-path and without a slash at the end.
        raw: what its /config said.
        config: the same, read.
        schema: sha256 of what /config tells of its endpoints: another one is another app to
            callers.
        info: what its /info said; None where it was not asked.
    """

    base: str
    raw: Mapping[str, Any]
    config: AppConfig
    schema: str
    info: Mapping[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """What a cassette says of it."""
        return {
            "url": self.base,
            "space": self.config.space_id,
            "gradio": self.config.version,
            "protocol": self.config.protocol,
            "schema": self.schema,
        }


def apps_of(exchanges: Iterable[Exchange], read: Read) -> dict[str, App]:
    """The apps by address, each as it was first recorded; what is no Gradio app is passed over.

    Raises:
        CassetteError: a body beside the cassette is missing, or is not what was recorded.
    """
    everything = list(exchanges)
    found: dict[str, App] = {}
    for base, raw, (config, schema) in _answers(everything, "/config", read, _config, found):
        found[base] = App(base, raw, config, schema)
    places: dict[str, str] = {}
    for app in found.values():
        places.setdefault(f"{app.base}{app.config.api_prefix}", app.base)
    informed: set[str] = set()
    for base, info, _ in _answers(everything, "/info", read, mapping, informed):
        if base in places:
            informed.add(base)
            found[places[base]] = replace(found[places[base]], info=info)
    return found


def _config(raw: Mapping[str, Any]) -> tuple[AppConfig, str] | None:
    """What a /config says, and its schema; None for what is no Gradio app's."""
    try:
        config = read_config(raw)
    except ProtocolError:
        return None
    names = sorted({one.name for one in config.dependencies if one.name})
    shapes = json.dumps(fingerprints(config, names), sort_keys=True)
    return config, hashlib.sha256(shapes.encode()).hexdigest()


class Addresses:
    """Finds the app that a request went to.

    Args:
        apps: by address.
    """

    def __init__(self, apps: Mapping[str, App]) -> None:
        self._root = _Node()
        for base, app in apps.items():
            node = self._root
            for segment in base.split("/"):
                node = node.below.setdefault(segment, _Node())
            node.app = app

    def app_at(self, url: str) -> App | None:
        """The app with the longest address that `url` is below of; None for no app's."""
        node, app = self._root, None
        for segment in url.split("/"):
            app = node.app or app
            below = node.below.get(segment)
            if below is None:
                break
            node = below
        return app


@dataclass(slots=True)
class _Node:
    """An address, or the beginning of some, up to a slash."""

    app: App | None = None
    below: dict[str, _Node] = field(default_factory=dict[str, "_Node"])


def json_of(body: Stored, read: Read) -> Any:
    """The value of a JSON body, in the cassette or beside it; None for any other."""
    if "json" in body or "sha256" not in body:
        return body.get("json")
    size = body.get("size")
    if not isinstance(size, int) or size > MAX_JSON:
        return None
    try:
        return parse_json(read(body))
    except ValueError:
        return None


def _answers(
    exchanges: Iterable[Exchange],
    end: str,
    read: Read,
    parse: Callable[[Mapping[str, Any]], T | None],
    done: Container[str],
) -> Iterable[tuple[str, Mapping[str, Any], T]]:
    """What paths with that end answered, with the address before it, until that is in `done`.

    A body beside the cassette is read and parsed once, however many answers it is of.
    """
    beside: dict[str, tuple[Any, T | None]] = {}
    for one in exchanges:
        parts = urlsplit(one.url)
        if one.method != "GET" or one.status != 200 or not parts.path.endswith(end):
            continue
        base = urlunsplit((*parts[:2], parts.path.removesuffix(end), "", ""))
        if base in done:
            continue
        digest = "" if "json" in one.body else text(one.body.get("sha256"))
        if not digest or digest not in beside:
            value = json_of(one.body, read)
            beside[digest] = value, parse(value) if is_object(value) else None
        value, parsed = beside[digest]
        if is_object(value) and parsed is not None:
            yield base, value, parsed
