"""A Space opened for a command, its endpoints, and calls of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from spacecall._client.calls.call import Call
from spacecall._client.calls.call_arguments import bind_arguments, get_endpoint
from spacecall._client.calls.caller import Caller, find_dependency
from spacecall._client.calls.prepared_call import DynamicDecoder, PreparedCall
from spacecall._client.space import Space
from spacecall._client.streams.connection import Connection
from spacecall._core.input_check import find_refusals
from spacecall._io.request_settings import Settings
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.describe_app import look
from spacecall.codegen._schemas.app_documents import load
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["call_of", "find_endpoint", "live", "opened"]


def live(source: str) -> str:
    """What can be called: of saved files, the Space that they are of.

    Raises:
        InvalidInputError: they do not tell.
    """
    saved = load(source)
    if saved is None:
        return source
    if not saved.source:
        raise InvalidInputError(f"{source} is a saved description: give the app's address")
    return saved.source


@asynccontextmanager
async def opened(source: str, access: Access) -> AsyncGenerator[Space, None]:
    """The app. Opening it may take as long as the timeout, and each of its calls as long again.

    Raises:
        SpaceError: it cannot be reached, or is no Gradio app.
    """
    space = Space(source, auth=access.auth, timeouts=access.timeouts, headers=access.headers)
    async with space:
        yield space


async def find_endpoint(space: Space, source: str, name: str, access: Access) -> Endpoint:
    """The endpoint called `name`, one that the app's page does not show too.

    Raises:
        NotFoundError: there is none; the message names the nearest.
    """
    try:
        return get_endpoint(space.endpoints, name)
    except NotFoundError as error:
        everything = await look(source, access)
        try:
            return get_endpoint(everything.endpoints, name)
        except NotFoundError:
            raise error from None


def call_of(caller: Caller, endpoint: Endpoint, arguments: Mapping[str, Any]) -> Call[Any]:
    """A call of an endpoint; as `Space.call`, which knows only what the app's page shows."""

    async def prepare(connection: Connection, settings: Settings) -> PreparedCall[Any]:
        dependency = find_dependency(connection, endpoint.name)
        components = dependency.visible_inputs
        check = find_refusals if settings.check else None
        values = bind_arguments(endpoint.name, endpoint.parameters, arguments, components, check)
        return PreparedCall(dependency, values, DynamicDecoder())

    return caller.planned(endpoint.name, prepare)
