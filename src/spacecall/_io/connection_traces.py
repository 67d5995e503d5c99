"""Trace extensions of httpcore that notice when a request opens a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from spacecall._io.connection_state import ConnectionState

__all__ = ["ConnectionBlocker", "ConnectionCounter", "NewConnectionError", "Trace"]

Trace: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[None]]


class NewConnectionError(Exception):
    """The request would have opened a new connection, which was not checked."""


class ConnectionBlocker:
    """Stops a request before it opens a connection."""

    def __init__(self, trace: Trace | None) -> None:
        self._trace = trace

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.started", "connect_unix_socket.started")):
            raise NewConnectionError
        if self._trace is not None:
            await self._trace(event, info)


class ConnectionCounter:
    """Counts connections that open without a check."""

    def __init__(self, state: ConnectionState, trace: Trace | None) -> None:
        self._state = state
        self._trace = trace

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "connect_unix_socket.complete")):
            self._state.unchecked_openings += 1
            self._state.invalidate()
        if self._trace is not None:
            await self._trace(event, info)
