"""Find an app, log in, and read its /config and /info."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio

from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_sources import base_url, space_id
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.credentials import hub_endpoint
from spacecall._io.fetched_response import FetchedResponse
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import parse_document
from spacecall.errors import NotFoundError, ProtocolError, StatusError
from spacecall.options import Auth

if TYPE_CHECKING:
    from spacecall._core.hub_api import Runtime

T = TypeVar("T")

_UNDESCRIBED = (
    "the app cannot describe its endpoints: open it with describe=False, and call it by call_raw "
    "or a typed client"
)


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A JSON object from an app, parsed and as it came."""

    value: dict[str, Any] = field(repr=False)
    body: bytes = field(repr=False)

    async def read(self, parse: Callable[[dict[str, Any]], T]) -> T:
        """Parse the object with `parse`; see `parse_document`."""
        return await parse_document(parse, self.value, len(self.body))


@dataclass(frozen=True, slots=True)
class AppDescription:
    """The /config and /info of an app, and the runtime of its Space.

    Attributes:
        base: the app's address after redirects.
        config: the app's /config, as JSON.
        info: the app's /info, as JSON; with undocumented endpoints if the app returns them.
        runtime: of the Space; None if the app was named by its address, or the Hub does not answer.
    """

    base: str
    config: Mapping[str, Any] = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    runtime: Runtime | None = None


async def fetch_description(
    source: str, *, auth: Auth | None = None, settings: Settings | None = None
) -> AppDescription:
    """Fetch the description of an app, for code generation.

    Raises:
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    from spacecall._io.client_factory import create_client  # noqa: PLC0415 - loads httpx

    settings = settings or Settings()
    limiter = anyio.Semaphore(settings.limits.max_concurrent_requests)
    deadline = OpenDeadline(settings.timeouts)
    async with create_client(app_context=settings.tls) as client:
        app_client = AppHttpClient(client, "", auth=auth, settings=settings, limiter=limiter)
        with app_client.redacting(), deadline.enforce():
            app_client, config = await open_app(app_client, source, deadline)
            with app_client.redacting():
                app = await config.read(parse_config)
                info = await fetch_info(app_client, app, deadline, all_endpoints=True)
        name = space_id(source)
        runtime = await _hub().try_fetch_runtime(app_client, name) if name else None
        return AppDescription(app_client.base, config.value, info.value, runtime)


async def open_app(
    app_client: AppHttpClient, source: str, deadline: OpenDeadline
) -> tuple[AppHttpClient, JsonDocument]:
    """Find the app and read its /config, after a login if the app requires one.

    Args:
        app_client: has the credentials, and no address yet.
        source: a Space id, the URL of its page on the Hub, or the app's address.
        deadline: is given the URL of each request.

    Returns:
        A client with the app's address, and the /config.

    Raises:
        SpaceStateError: the app does not answer because its Space does not run.
        SpaceError: see `Space`.
    """
    name = space_id(source)
    deadline.url = f"{hub_endpoint()}/api/spaces/{name}"
    base = (
        await _hub().fetch_host(app_client.for_server(hub_endpoint()), name)
        if name
        else base_url(source)
    )
    app_client = app_client.with_base_url(base)
    try:
        with app_client.redacting():
            base, config = await fetch_config(app_client, deadline)
    except (StatusError, ProtocolError) as error:
        deadline.url = f"{hub_endpoint()}/api/spaces/{name}"
        state = await _hub().explain_unavailable(app_client, name) if name else None
        if state is None:
            raise
        with app_client.redacting():
            raise state from error
    return app_client.with_base_url(base), config


def _hub() -> ModuleType:
    """Return the requests to the Hub, which an app that is named by its address does not need."""
    from spacecall._client.discovery import hub_requests  # noqa: PLC0415 - see above

    return hub_requests


async def fetch_config(
    app_client: AppHttpClient, deadline: OpenDeadline
) -> tuple[str, JsonDocument]:
    """Read /config, after a login if the app requires one and `app_client` has a password.

    Returns:
        The app's address after redirects, and the /config.

    Raises:
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    deadline.url = app_client.base + gradio_requests.CONFIG.path
    try:
        answer = await app_client.fetch(gradio_requests.CONFIG)
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no Gradio app: GET /config answered 404 ({error.message})",
            status=404,
            body=error.body,
            space=app_client.base,
        ) from error
    if "html" in answer.headers.get("content-type", ""):
        raise ProtocolError(f"there is no Gradio app: GET {answer.safe_url} answered an HTML page")
    document = _json_object(answer)
    app_id = document.value.get("app_id")
    answer.connection.record_run(None if app_id is None else str(app_id))
    return answer.url.partition("?")[0].removesuffix("/config"), document


async def fetch_info(
    app_client: AppHttpClient,
    app: AppConfig,
    deadline: OpenDeadline,
    *,
    all_endpoints: bool = False,
) -> JsonDocument:
    """Read /info.

    Args:
        app_client: to the app.
        app: the app's /config.
        deadline: is given the URL of the request.
        all_endpoints: also request the endpoints that the app does not document.

    Raises:
        StatusError, ProtocolError: the app cannot make its description, which happens for some
            components; the message says which calls work without one.
        SpaceError: the app cannot be reached.
    """
    request = gradio_requests.info(app, all_endpoints=all_endpoints)
    deadline.url = app_client.base + request.path
    request_line = f"GET {request.path}"
    try:
        return _json_object(await app_client.fetch(request))
    except ProtocolError as error:
        raise ProtocolError(f"{_UNDESCRIBED} ({request_line}: {error.message})") from error
    except StatusError as error:
        if error.status is None or error.status < 500:
            raise
        raise StatusError(
            f"{_UNDESCRIBED} ({request_line}: {error.message})",
            status=error.status,
            body=error.body,
        ) from error


def _json_object(answer: FetchedResponse) -> JsonDocument:
    value = answer.json()
    if not isinstance(value, dict):
        raise ProtocolError(f"expected a JSON object from {answer.safe_url}")
    return JsonDocument(cast("dict[str, Any]", value), answer.body)
