"""The apps that a recording talks to, as their recorded /config tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from spacecall._core.config import AppConfig, read_config
from spacecall._core.fingerprint import fingerprints
from spacecall._core.loose import is_object
from spacecall.cassettes.bodies import MAX_JSON, Stored
from spacecall.cassettes.exchange import Exchange
from spacecall.cassettes.json_values import parse_json
from spacecall.errors import ProtocolError

Read = Callable[[Stored], bytes]
"""Gives the bytes of a stored body."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of a recording.

    Attributes:
        base: its address, with its sub-path and without a slash at the end.
        raw: what its /config said.
        config: the same, read.
        info: what its /info said; None where it was not asked.
    """

    base: str
    raw: Mapping[str, Any]
    config: AppConfig
    info: Mapping[str, Any] | None = None

    @property
    def schema(self) -> str:
        """sha256 of what /config tells of its endpoints: another one is another app to callers."""
        names = sorted({one.name for one in self.config.dependencies if one.name})
        shapes = json.dumps(fingerprints(self.config, names), sort_keys=True)
        return hashlib.sha256(shapes.encode()).hexdigest()

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
    for base, config in _answers(everything, "/config", read):
        try:
            found.setdefault(base, App(base, config, read_config(config)))
        except ProtocolError:
            continue
    for base, info in _answers(everything, "/info", read):
        app = next(
            (one for one in found.values() if f"{one.base}{one.config.api_prefix}" == base), None
        )
        if app is not None and app.info is None:
            found[app.base] = replace(app, info=info)
    return found


def app_at(apps: Mapping[str, App], url: str) -> App | None:
    """The app that a request went to: the one with the longest address that it begins with."""
    found = [one for base, one in apps.items() if url.startswith(f"{base}/")]
    return max(found, key=lambda one: len(one.base), default=None)


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
    exchanges: Iterable[Exchange], end: str, read: Read
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """What paths with that end answered, with the address before it."""
    for one in exchanges:
        parts = urlsplit(one.url)
        if one.method != "GET" or one.status != 200 or not parts.path.endswith(end):
            continue
        value = json_of(one.body, read)
        if is_object(value):
            yield urlunsplit((*parts[:2], parts.path.removesuffix(end), "", "")), value
