"""Open a Space for a command, get_endpoint its endpoints, and create calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from spacecall._client.calls.call import Call
from spacecall._client.calls.call_arguments import bind_arguments, get_endpoint
from spacecall._client.calls.caller import Caller, find_dependency, make_call
from spacecall._client.calls.prepared_call import DynamicDecoder, PreparedCall
from spacecall._client.space import Space
from spacecall._client.streams.connection import Connection
from spacecall._core.input_check import find_refusals
from spacecall._io.request_settings import Settings
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.app_overview import load_overview
from spacecall.codegen._schemas.app_documents import load_app
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["create_call", "find_endpoint", "open_space", "resolve_source"]


def resolve_source(source: str) -> str:
    """Return the Space id or the address to call; for saved files, that of their Space.

    Raises:
        InvalidInputError: saved files without a Space id or an address.
    """
    saved = load_app(source)
    if saved is None:
        return source
    if not saved.source:
        raise InvalidInputError(
            f"{source} is a saved app without an address: use the app's address as SOURCE"
        )
    return saved.source


@asynccontextmanager
async def open_space(source: str, access: Access) -> AsyncGenerator[Space, None]:
    """Open a Space. The timeout applies to opening it, and again to each call.

    Raises:
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    space = Space(source, auth=access.auth, timeouts=access.timeouts, headers=access.headers)
    async with space:
        yield space


async def find_endpoint(space: Space, source: str, name: str, access: Access) -> Endpoint:
    """Return the endpoint called `name`, even if the app's page does not show it.

    Raises:
        NotFoundError: the app has no such endpoint; the message names the nearest.
    """
    try:
        return get_endpoint(space.endpoints, name)
    except NotFoundError as error:
        overview = await load_overview(source, access)
        try:
            return get_endpoint(overview.endpoints, name)
        except NotFoundError:
            raise error from None


def create_call(caller: Caller, endpoint: Endpoint, arguments: Mapping[str, Any]) -> Call[Any]:
    """Create a call; unlike `Space.call` also of an endpoint that the app's page does not show."""

    async def prepare(connection: Connection, settings: Settings) -> PreparedCall[Any]:
        dependency = find_dependency(connection, endpoint.name)
        components = dependency.visible_inputs
        check = find_refusals if settings.check else None
        values = bind_arguments(endpoint.name, endpoint.parameters, arguments, components, check)
        return PreparedCall(dependency, values, DynamicDecoder())

    return make_call(caller, endpoint.name, prepare)
