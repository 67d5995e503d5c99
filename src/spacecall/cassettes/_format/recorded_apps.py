"""The apps in a recording, as their recorded /config and /info describe them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_functions import Dependency
from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.fingerprint import fingerprints
from spacecall._core.json_values import as_dict, as_str, is_array, is_object
from spacecall.cassettes._format.bodies import MAX_JSON, StoredBody
from spacecall.cassettes._format.cassette_json import parse_json
from spacecall.cassettes._format.exchange import Exchange
from spacecall.errors import ProtocolError

_CALL_PATH: Final = re.compile(r"/(?:call|run)/([^/]+)$")

T = TypeVar("T")
ReadBody = Callable[[StoredBody], bytes]
"""Return the bytes of a stored body."""


@dataclass(frozen=True, slots=True)
class RecordedApp:
    """An app in a recording.

    Attributes:
        base_url: its address, with its sub-path and without a slash at the end.
        raw_config: the JSON of its /config.
        config: the same, parsed.
        schema_digest: sha256 of the shapes of its endpoints in /config; it changes if callers
            have to change.
        info: the JSON of its /info; None if /info was not requested.
    """

    base_url: str
    raw_config: Mapping[str, Any]
    config: AppConfig
    schema_digest: str
    info: Mapping[str, Any] | None = None

    def to_metadata(self) -> dict[str, Any]:
        """Return the description of the app for the metadata of a cassette."""
        return {
            "url": self.base_url,
            "space": self.config.space_id,
            "gradio": self.config.version,
            "protocol": self.config.protocol,
            "schema": self.schema_digest,
        }


def read_recorded_apps(
    exchanges: Iterable[Exchange], read_body: ReadBody
) -> dict[str, RecordedApp]:
    """Return the Gradio apps of a recording by address, each as it was first recorded.

    Raises:
        CassetteError: an external body is missing, or differs from the recorded one.
    """
    exchanges = list(exchanges)
    apps: dict[str, RecordedApp] = {}
    configs = _iter_documents(exchanges, "/config", read_body, _parse_config, apps)
    for base_url, raw, (config, schema_digest) in configs:
        apps[base_url] = RecordedApp(base_url, raw, config, schema_digest)
    apps_by_api: dict[str, str] = {}
    for app in apps.values():
        apps_by_api.setdefault(f"{app.base_url}{app.config.api_prefix}", app.base_url)
    api_urls: set[str] = set()
    for api_url, info, _ in _iter_documents(exchanges, "/info", read_body, as_dict, api_urls):
        if api_url in apps_by_api:
            api_urls.add(api_url)
            base_url = apps_by_api[api_url]
            apps[base_url] = replace(apps[base_url], info=info)
    return apps


def _parse_config(raw: Mapping[str, Any]) -> tuple[AppConfig, str] | None:
    """Return a parsed /config and the digest of its endpoints; None if it is not Gradio's."""
    try:
        config = parse_config(raw)
    except ProtocolError:
        return None
    names = sorted({dependency.name for dependency in config.dependencies if dependency.name})
    shapes = json.dumps(fingerprints(config, names), sort_keys=True)
    return config, hashlib.sha256(shapes.encode()).hexdigest()


def is_document(exchange: Exchange) -> bool:
    """Return whether an exchange is the description of an app: its /config or /info."""
    return exchange.method == "GET" and urlsplit(exchange.url).path.endswith(("/config", "/info"))


def find_function(app: RecordedApp, request: Exchange) -> Dependency | None:
    """Return the function of an app that a request calls; None if it calls none."""
    body = as_dict(request.request_body.get("json"))
    if not is_array(body.get("data")):
        return None
    fn_index = body.get("fn_index")
    if isinstance(fn_index, int):
        return app.config.dependencies.find_number(fn_index)
    match = _CALL_PATH.search(urlsplit(request.url).path)
    return app.config.find(endpoint_name(unquote(match[1]))) if match else None


class AppIndex:
    """Finds the app that a request was sent to.

    Args:
        apps: by address.
    """

    def __init__(self, apps: Mapping[str, RecordedApp]) -> None:
        self._root = _UrlNode()
        for base_url, app in apps.items():
            node = self._root
            for segment in base_url.split("/"):
                node = node.children.setdefault(segment, _UrlNode())
            node.app = app

    def find_app(self, url: str) -> RecordedApp | None:
        """Return the app with the longest address that contains `url`; None if no app does."""
        node, app = self._root, None
        for segment in url.split("/"):
            app = node.app or app
            child = node.children.get(segment)
            if child is None:
                break
            node = child
        return app


@dataclass(slots=True)
class _UrlNode:
    """A prefix of addresses that ends before a slash."""

    app: RecordedApp | None = None
    children: dict[str, _UrlNode] = field(default_factory=dict[str, "_UrlNode"])


def read_json_body(body: StoredBody, read_body: ReadBody) -> Any:
    """Return the value of a JSON body, in the cassette or external; None for any other body."""
    if "json" in body or "sha256" not in body:
        return body.get("json")
    size = body.get("size")
    if not isinstance(size, int) or size > MAX_JSON:
        return None
    try:
        return parse_json(read_body(body))
    except ValueError:
        return None


def _iter_documents(
    exchanges: Iterable[Exchange],
    path: str,
    read_body: ReadBody,
    parse: Callable[[Mapping[str, Any]], T | None],
    seen_urls: Container[str],
) -> Iterable[tuple[str, Mapping[str, Any], T]]:
    """Yield the JSON objects that were served at `path`, each after its base address.

    An address that is in `seen_urls` by then is skipped. An external body is read and parsed once,
    however many responses have it.
    """
    documents: dict[str, tuple[Any, T | None]] = {}
    for exchange in exchanges:
        url = urlsplit(exchange.url)
        if exchange.method != "GET" or exchange.status != 200 or not url.path.endswith(path):
            continue
        base_url = urlunsplit((*url[:2], url.path.removesuffix(path), "", ""))
        if base_url in seen_urls:
            continue
        digest = "" if "json" in exchange.body else as_str(exchange.body.get("sha256"))
        if not digest or digest not in documents:
            value = read_json_body(exchange.body, read_body)
            documents[digest] = value, parse(value) if is_object(value) else None
        value, parsed = documents[digest]
        if is_object(value) and parsed is not None:
            yield base_url, value, parsed
