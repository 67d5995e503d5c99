"""Asking the Hub about Spaces: what its refusals mean, and why a Space does not answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import anyio

from spacecall._core import hub
from spacecall._core.hub import Runtime
from spacecall._core.requests import Request
from spacecall._core.sources import base_url
from spacecall._io.credentials import hub_endpoint
from spacecall._io.link import Link
from spacecall._io.settings import Settings
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

_PATIENCE = 10.0


async def ask(
    link: Link,
    request: Request,
    read: Callable[[bytes], T],
    name: str = "",
    *,
    settings: Settings | None = None,
) -> T:
    """The Hub's answer.

    Args:
        link: to the Hub.
        request: one of `spacecall._core.hub`.
        read: makes the value of its body.
        name: `owner/name` of the Space that it is about, if it is about one.
        settings: other than the link's.

    Raises:
        AuthError, NotFoundError, RateLimitedError: with a message that says what it means here.
        SpaceError: as `Link.fetch` raises them.
    """
    # The link's headers are for an app.
    settings = replace(settings or link.settings, headers={})
    with link.redacting():
        try:
            answer = await link.fetch(request, settings)
        except StatusError as error:
            error.args = (_meaning(error, name, with_token=link.knows_token),)
            raise
        return read(answer.body)


def _meaning(error: StatusError, name: str, *, with_token: bool) -> str:
    missing = f"the Hub has no Space {name}" if name else "the Hub does not have that"
    match error:
        case RateLimitedError():
            wait = "" if error.retry_after is None else f", for {error.retry_after:g} s"
            hint = "" if with_token else "; with a token more are allowed"
            return f"the Hub takes no more requests{wait}{hint}"
        case AuthError(status=401) if with_token:
            return "the Hub refuses the token: it is wrong, or has expired"
        case AuthError(status=401) if name:
            return f"{missing}, or it is private: give auth=Auth(token=…) to see it"
        case AuthError(status=401):
            return "the Hub wants a token for that: give auth=Auth(token=…), or Hub(token=…)"
        case NotFoundError():
            return f"{missing}, or the token may not see it" if with_token else missing
        case _:
            return f"the Hub: {error.message}"


async def find_host(link: Link, name: str) -> str:
    """Where the app of the Space `name` runs. `link` is to the Hub; errors are those of `ask`."""
    return await ask(link, hub.host(name), lambda body: base_url(hub.read_host(body)), name)


async def find_runtime(link: Link, name: str, *, settings: Settings | None = None) -> Runtime:
    """How the Space `name` runs. Arguments and errors are those of `ask`."""
    return await ask(link, hub.runtime(name), hub.read_runtime, name, settings=settings)


async def known_runtime(link: Link, name: str) -> Runtime | None:
    """How the Space `name` runs; None if the Hub does not say so at once.

    Args:
        link: to its app; the Hub is asked with the same credentials.
        name: `owner/name`.
    """
    once = replace(link.settings, retry=Retry(attempts=1))
    with anyio.move_on_after(_PATIENCE), suppress(SpaceError):
        return await find_runtime(link.foreign(hub_endpoint()), name, settings=once)
    return None


async def why_not(link: Link, name: str) -> SpaceStateError | None:
    """Why the app of a Space does not answer as one; None if that is not known, or it runs.

    Arguments are those of `known_runtime`.
    """
    found = await known_runtime(link, name)
    if found is None or found.stage.runs:
        return None
    return hub.state_error(name, found, link.base)
