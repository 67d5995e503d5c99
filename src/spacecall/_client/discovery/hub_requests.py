"""Send requests about Spaces to the Hub; explain its refusals and Spaces that do not run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import anyio

from spacecall._core import auth_hints, hub_api
from spacecall._core.app_sources import base_url
from spacecall._core.gradio_requests import Request
from spacecall._core.hub_api import Runtime
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.credentials import hub_endpoint
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    AuthError,
    NotFoundError,
    RateLimitedError,
    SpaceError,
    SpaceStateError,
    StatusError,
)
from spacecall.options import Retry

T = TypeVar("T")

_EXPLAIN_TIMEOUT = 10.0


async def fetch_from_hub(
    hub_client: AppHttpClient,
    request: Request,
    read: Callable[[bytes], T],
    name: str = "",
    *,
    settings: Settings | None = None,
) -> T:
    """Send a request to the Hub and return the parsed response.

    Args:
        hub_client: to the Hub.
        request: one of `spacecall._core.hub_api`.
        read: parses the body.
        name: `owner/name` of the Space that the request is about, or "".
        settings: replace those of `hub_client`.

    Raises:
        AuthError, NotFoundError, RateLimitedError: with a message about the Space or the token.
        SpaceError: see `AppHttpClient.fetch`.
    """
    # The headers of a client's settings are for an app.
    settings = replace(settings or hub_client.settings, headers={})
    with hub_client.redacting():
        try:
            answer = await hub_client.fetch(request, settings)
        except StatusError as error:
            error.args = (_explain(error, name, with_token=hub_client.has_token),)
            raise
        return read(answer.body)


def _explain(error: StatusError, name: str, *, with_token: bool) -> str:
    missing = f"the Hub has no Space {name}" if name else "the Hub does not have this resource"
    match error:
        case RateLimitedError():
            wait = "" if error.retry_after is None else f", for {error.retry_after:g} s"
            hint = "" if with_token else "; the limit is higher with a token"
            return f"the Hub's rate limit is reached{wait}{hint}"
        case AuthError(status=401) if with_token:
            return "the Hub refuses the token: it is invalid or has expired"
        case AuthError(status=401) if name:
            return f"{missing}, or it is private{auth_hints.PRIVATE_SPACE}"
        case AuthError(status=401):
            return f"the Hub requires a token{auth_hints.FOR_THE_HUB}"
        case NotFoundError():
            return f"{missing}, or the token may not see it" if with_token else missing
        case _:
            return f"the Hub: {error.message}"


async def fetch_host(hub_client: AppHttpClient, name: str) -> str:
    """Return the app's address of the Space `name`. Raises as `fetch_from_hub` does."""
    return await fetch_from_hub(
        hub_client,
        hub_api.host_request(name),
        lambda body: base_url(hub_api.parse_host(body)),
        name,
    )


async def fetch_runtime(
    hub_client: AppHttpClient, name: str, *, settings: Settings | None = None
) -> Runtime:
    """Return the runtime of the Space `name`. Raises as `fetch_from_hub` does."""
    return await fetch_from_hub(
        hub_client, hub_api.runtime_request(name), hub_api.parse_runtime, name, settings=settings
    )


async def try_fetch_runtime(app_client: AppHttpClient, name: str) -> Runtime | None:
    """Return the runtime of the Space `name`; None if one request within 10 s does not tell.

    Args:
        app_client: to the app; the request to the Hub has the same credentials.
        name: `owner/name`.
    """
    single_attempt = replace(app_client.settings, retry=Retry(attempts=1))
    with anyio.move_on_after(_EXPLAIN_TIMEOUT), suppress(SpaceError):
        return await fetch_runtime(
            app_client.for_server(hub_endpoint()), name, settings=single_attempt
        )
    return None


async def explain_unavailable(app_client: AppHttpClient, name: str) -> SpaceStateError | None:
    """Return the error for a Space that does not run; None if it runs or the Hub is silent.

    Arguments are those of `try_fetch_runtime`.
    """
    runtime = await try_fetch_runtime(app_client, name)
    if runtime is None or runtime.stage.runs:
        return None
    return hub_api.unavailable_error(name, runtime, app_client.base)
