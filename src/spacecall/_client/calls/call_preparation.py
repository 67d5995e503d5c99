"""Prepare a call, and again if the app was restarted meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.streams.connection import Connection
from spacecall._core.session_components import SessionComponents
from spacecall._io.request_settings import Settings
from spacecall.errors import InvalidInputError, NotFoundError, SchemaDriftError, SpaceError

T = TypeVar("T")
Prepare: TypeAlias = Callable[[Connection, Settings, SessionComponents], Awaitable[PreparedCall[T]]]
"""Prepares a call with its settings for the app as it is described now, and for what a session
changed of its components."""


async def prepare_call(
    connection: Connection,
    settings: Settings,
    components: SessionComponents,
    prepare: Prepare[T],
) -> PreparedCall[T]:
    """Prepare a call; if it does not fit the app, ask whether the app was restarted.

    Args:
        connection: to the app.
        settings: of the call.
        components: those that the session of the call has changed.
        prepare: prepares the call for the app as it is described now.

    Raises:
        NotFoundError, InvalidInputError, SchemaDriftError: the call does not fit the app.
    """
    try:
        return await prepare(connection, settings, components)
    except (NotFoundError, InvalidInputError, SchemaDriftError) as error:
        if not await connection.detect_restart():
            if connection.functions_changed and isinstance(error, NotFoundError):
                _mention_restart(error)
            raise
    return await prepare_after_restart(connection, settings, components, prepare)


async def prepare_after_restart(
    connection: Connection,
    settings: Settings,
    components: SessionComponents,
    prepare: Prepare[T],
) -> PreparedCall[T]:
    """Prepare a call for an app that was restarted.

    Raises:
        NotFoundError, InvalidInputError, SchemaDriftError: the call does not fit the app any more;
            the message says that the app was restarted.
    """
    try:
        return await prepare(connection, settings, components)
    except (NotFoundError, InvalidInputError, SchemaDriftError) as error:
        _mention_restart(error)
        raise


def _mention_restart(error: SpaceError) -> None:
    error.args = (f"the app was restarted since the Space was opened: {error.message}",)
