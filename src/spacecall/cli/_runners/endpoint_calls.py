"""Open a Space for a command, and find its endpoints."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall._client.space import Space
from spacecall._filenames import expand_home
from spacecall.cli._support.app_access import Access
from spacecall.endpoints import Endpoint
from spacecall.errors import NotFoundError

__all__ = ["find_endpoint", "open_space", "resolve_source"]


def resolve_source(source: str) -> str:
    """Return the Space id or the address to call; for saved files, that of their Space.

    Raises:
        InvalidInputError: saved files without a Space id or an address.
    """
    if not expand_home(source).exists():
        return source
    # Imports the codegen, which only saved apps need.
    from spacecall.cli._support.app_overview import missing_address_error  # noqa: PLC0415
    from spacecall.codegen._schemas.app_documents import load_app  # noqa: PLC0415

    saved = load_app(source)
    if saved is None:  # neither a file nor a folder
        return source
    if not saved.source:
        raise missing_address_error(source)
    return saved.source


@asynccontextmanager
async def open_space(source: str, access: Access) -> AsyncGenerator[Space, None]:
    """Open a Space. The timeout applies to opening it, and again to each call.

    Raises:
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    async with create_space(source, access) as space:
        yield space


def create_space(source: str, access: Access) -> Space:
    """Return a Space that is not open."""
    return Space(
        source,
        auth=access.auth,
        timeouts=access.timeouts,
        headers=access.headers,
        verify=access.tls or True,
    )


async def find_endpoint(space: Space, name: str) -> Endpoint:
    """Return the endpoint called `name`, even if the app's page does not show it.

    Raises:
        NotFoundError: the app has no such endpoint; the message names the nearest.
    """
    try:
        return get_endpoint(space.endpoints, name)
    except NotFoundError as error:
        endpoints = await space.describe(all_endpoints=True)
        try:
            return get_endpoint(endpoints, name)
        except NotFoundError:
            raise error from None
