"""Reaching an app: its address, the login, /config and /info."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio

from spacecall._client.discovery.hub_requests import (
    explain_unavailable,
    fetch_host,
    try_fetch_runtime,
)
from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig, read_config
from spacecall._core.app_sources import base_url, space_id
from spacecall._core.hub_api import Runtime
from spacecall._io.app_http_client import Link
from spacecall._io.client_factory import new_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.fetched_response import Answer
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import parse_document
from spacecall.errors import NotFoundError, ProtocolError, StatusError
from spacecall.options import Auth

T = TypeVar("T")

_UNDESCRIBED = (
    "the app cannot describe its endpoints: open it with describe=False, and call it by call_raw "
    "or a typed client"
)


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """An object that an app answered, and what it was in bytes."""

    value: dict[str, Any] = field(repr=False)
    size: int

    async def read(self, parse: Callable[[dict[str, Any]], T]) -> T:
        """Return what `parse` makes of it; see `parse_document`."""
        return await parse_document(parse, self.value, self.size)


@dataclass(frozen=True, slots=True)
class AppDescription:
    """What an app tells its clients, as JSON values, and what the Hub tells of it.

    Attributes:
        base: the app's address after redirects.
        config: its /config.
        info: its /info, undocumented endpoints included where the app tells them.
        runtime: how a Space runs; None for an address, or where the Hub does not say.
    """

    base: str
    config: Mapping[str, Any] = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    runtime: Runtime | None = None


async def fetch_description(
    source: str, *, auth: Auth | None = None, settings: Settings | None = None
) -> AppDescription:
    """Fetch what code generation needs from a live app.

    Raises:
        SpaceError: the app cannot be reached, or is no Gradio app.
    """
    settings = settings or Settings()
    gate = anyio.Semaphore(settings.limits.max_concurrent_requests)
    opening = OpenDeadline(settings.timeouts)
    async with new_client() as client:
        link = Link(client, "", auth=auth, settings=settings, gate=gate)
        with link.redacting(), opening.bounded():
            link, config = await open_app(link, source, opening)
            with link.redacting():
                app = await config.read(read_config)
                info = await fetch_info(link, app, opening, all_endpoints=True)
        name = space_id(source)
        runtime = await try_fetch_runtime(link, name) if name else None
        return AppDescription(link.base, config.value, info.value, runtime)


async def open_app(link: Link, source: str, opening: OpenDeadline) -> tuple[Link, JsonDocument]:
    """Find the app and read its /config, after a login if it asks for one.

    Returns:
        A link to the app's address, and the config.

    Raises:
        SpaceStateError: the app of a Space does not answer as one, since the Space does not run.
        SpaceError: see `Space`.
    """
    name = space_id(source)
    opening.url = f"{hub_endpoint()}/api/spaces/{name}"
    base = await fetch_host(link.foreign(hub_endpoint()), name) if name else base_url(source)
    link = link.moved(base)
    try:
        with link.redacting():
            base, config = await fetch_config(link, opening)
    except (StatusError, ProtocolError) as error:
        opening.url = f"{hub_endpoint()}/api/spaces/{name}"
        state = await explain_unavailable(link, name) if name else None
        if state is None:
            raise
        with link.redacting():
            raise state from error
    return link.moved(base), config


async def fetch_config(link: Link, opening: OpenDeadline) -> tuple[str, JsonDocument]:
    """Read /config, after a login if the app asks for one and the link has a password.

    Returns:
        The address that it came from, and what it says.

    Raises:
        SpaceError: the app cannot be reached, or this is not Gradio.
    """
    opening.url = link.base + gradio_requests.CONFIG.path
    try:
        answer = await link.fetch(gradio_requests.CONFIG)
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no Gradio app: GET /config answered 404 ({error.message})",
            status=404,
            body=error.body,
            space=link.base,
        ) from error
    if "html" in answer.headers.get("content-type", ""):
        raise ProtocolError(f"there is no Gradio app: GET {answer.shown_url} answered an HTML page")
    document = _object(answer)
    app_id = document.value.get("app_id")
    answer.connection.note(None if app_id is None else str(app_id))
    return answer.url.partition("?")[0].removesuffix("/config"), document


async def fetch_info(
    link: Link, app: AppConfig, opening: OpenDeadline, *, all_endpoints: bool = False
) -> JsonDocument:
    """The app's /info.

    Raises:
        StatusError, ProtocolError: the app cannot describe itself, as those of some components that
            no schema can be made for; the message says what works without.
        SpaceError: the app cannot be reached.
    """
    request = gradio_requests.info(app, all_endpoints=all_endpoints)
    opening.url = link.base + request.path
    place = f"GET {request.path}"
    try:
        return _object(await link.fetch(request))
    except ProtocolError as error:
        raise ProtocolError(f"{_UNDESCRIBED} ({place}: {error.message})") from error
    except StatusError as error:
        if error.status is None or error.status < 500:
            raise
        raise StatusError(
            f"{_UNDESCRIBED} ({place}: {error.message})", status=error.status, body=error.body
        ) from error


def _object(answer: Answer) -> JsonDocument:
    found = answer.json()
    if not isinstance(found, dict):
        raise ProtocolError(f"expected a JSON object from {answer.shown_url}")
    return JsonDocument(cast("dict[str, Any]", found), len(answer.body))
