"""Calls of an app that was started again: its functions are looked up anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.streams.connection import Connection
from spacecall._io.request_settings import Settings
from spacecall.errors import InvalidInputError, NotFoundError, SchemaDriftError, SpaceError

T = TypeVar("T")


async def prepare(
    connection: Connection,
    settings: Settings,
    plan: Callable[[Connection, Settings], Awaitable[PreparedCall[T]]],
) -> PreparedCall[T]:
    """Plan a call; one that does not fit the app as it was described is held against the live app.

    Raises:
        NotFoundError, InvalidInputError, SchemaDriftError: it does not fit that either.
    """
    try:
        return await plan(connection, settings)
    except (NotFoundError, InvalidInputError, SchemaDriftError) as error:
        if not await connection.has_restarted():
            if connection.is_changed and isinstance(error, NotFoundError):
                _explain(error)
            raise
    return await prepare_after_restart(connection, settings, plan)


async def prepare_after_restart(
    connection: Connection,
    settings: Settings,
    plan: Callable[[Connection, Settings], Awaitable[PreparedCall[T]]],
) -> PreparedCall[T]:
    """Plan a call for an app that was restarted.

    Raises:
        NotFoundError, InvalidInputError, SchemaDriftError: it does not fit the app any more; the
            message says that this was restarted.
    """
    try:
        return await plan(connection, settings)
    except (NotFoundError, InvalidInputError, SchemaDriftError) as error:
        _explain(error)
        raise


def _explain(error: SpaceError) -> None:
    error.args = (f"the app was restarted since the Space was opened: {error.message}",)
