"""Whether a connection leads to the run of an app that a request is meant for.

An app that was started again may have its functions in another order, at the same address. Its old
process took its connections with it. So a request that names a function, and one that cannot be
repeated, goes over a connection that has told the app's id a moment ago; and never over one that
the server may be about to close, because nobody used it for a while.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import anyio
import httpx

from spacecall._core.loose import mapping
from spacecall._core.requests import CONFIG, AppRun
from spacecall._io.body import read
from spacecall.errors import AppRestartedError, ProtocolError
from spacecall.options import Limits

Send: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Trace: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[None]]

APP_CHECK: Final = "spacecall.app_check"
"""The extension of a request that has its `AppCheck`."""
CONNECTION: Final = "spacecall.connection"
"""The extension of an answer that has the `ConnectionState` of what it came over."""

IDLE_SECONDS: Final = 1.0
"""How long a connection may be idle: servers close one after 2 s (gunicorn) or 5 s (uvicorn)."""
CHECK_SECONDS: Final = 5.0
"""How long a connection counts as checked: a proxy keeps it open while the app behind restarts."""

RESTARTED: Final = "the app was restarted since its /config was read"

_MAX_BYTES: Final = 2**16


class _NewConnectionError(Exception):
    """The request was about to open a connection, which nobody has checked."""


@dataclass(slots=True, eq=False)
class ConnectionState:
    """What a connection has told.

    Attributes:
        app_id: of the app at its other end; None where the app does not tell.
        checked: when it told, in seconds of `time.monotonic()`.
        used: when the last answer over it ended.
    """

    app_id: str | None = None
    checked: float = -math.inf
    used: float = -math.inf

    def note(self, app_id: str | None) -> None:
        """Note that the app has just told its id."""
        self.app_id = app_id
        self.checked = self.used = time.monotonic()

    def is_fresh(self, since: float) -> bool:
        """Whether it was checked after `since`, and was used a moment ago."""
        now = time.monotonic()
        checked = self.checked > max(since, now - CHECK_SECONDS)
        return checked and self.used > now - IDLE_SECONDS


@dataclass(slots=True, eq=False)
class AppChecks:
    """What the links to one app share.

    Attributes:
        pool: the state of all connections of a client that does not tell them apart.
        distrusted: when something happened that a restart may have been the reason of.
    """

    pool: ConnectionState = field(default_factory=ConnectionState)
    distrusted: float = -math.inf

    def distrust(self) -> None:
        """Have each connection checked again."""
        self.distrusted = time.monotonic()


class AppCheck:
    """Sends one request over a connection that has just told the app's id.

    Args:
        run: what the request is meant for.
        since: checks before that do not count, in seconds of `time.monotonic()`.
        build: a GET of a path of the app, with the credentials of the request.
        limits: bound the answer to it.
        seconds: in which the app must answer it.
    """

    def __init__(
        self,
        run: AppRun,
        since: float,
        build: Callable[[str], httpx.Request],
        *,
        limits: Limits,
        seconds: float | None,
    ) -> None:
        self._run = run
        self._since = since
        self._build = build
        self._limits = limits
        self._seconds = seconds

    async def send(
        self, state: ConnectionState, send: Send, request: httpx.Request
    ) -> httpx.Response:
        """Send `request`, after a GET of the app's id unless `state` is fresh.

        Args:
            send: sends over the connection of `state`, which it opens again if it was closed.

        Raises:
            AppRestartedError: the app at the other end is not the one that is meant; the request
                was not sent.
            httpx.HTTPError: the app cannot be reached.
        """
        trace: Trace | None = request.extensions.get("trace")
        for attempt in range(3):
            if attempt or not state.is_fresh(self._since):
                await self.ask(state, send)
            self._compare(state.app_id)
            # A server that closes each connection after its answer is checked as closely as can be.
            request.extensions["trace"] = trace if attempt == 2 else _Connected(trace)
            if request.extensions["trace"] is None:
                del request.extensions["trace"]
            try:
                return await send(request)
            except _NewConnectionError:
                pass
        raise AssertionError("the last attempt may connect")

    async def ask(self, state: ConnectionState, send: Send) -> None:
        """Ask the app for its id, and note it in `state`.

        Raises:
            httpx.HTTPError: the app cannot be reached.
        """
        try:
            response, body = await self._get(self._run.path, send)
            if response.status_code == 404 and self._run.app_id is not None:
                # Something in front of the app does not pass that path on.
                response, body = await self._get(CONFIG.path, send)
        except httpx.ConnectError:
            raise
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            # The request that this is for has not been sent.
            raise httpx.ConnectError(str(error)) from error
        state.note(_app_id(body) if response.is_success else None)

    async def _get(self, path: str, send: Send) -> tuple[httpx.Response, bytes]:
        with anyio.move_on_after(self._seconds):
            try:
                return await self._get_once(path, send)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                return await self._get_once(path, send)  # the server had closed the connection
        raise httpx.ReadTimeout("the app did not tell its id in time")

    async def _get_once(self, path: str, send: Send) -> tuple[httpx.Response, bytes]:
        response = await send(self._build(path))
        most = self._limits.body if path == CONFIG.path else _MAX_BYTES
        try:
            if response.status_code >= 500:
                return response, b""  # its connection is not used again, see `read_error`
            return response, await read(response, replace(self._limits, body=most), "")
        except ProtocolError:
            return response, b""
        finally:
            await response.aclose()

    def _compare(self, app_id: str | None) -> None:
        if None not in (app_id, self._run.app_id) and app_id != self._run.app_id:
            raise AppRestartedError(RESTARTED)


class _Connected:
    """Traces httpcore, to stop a request before it opens a connection."""

    def __init__(self, trace: Trace | None) -> None:
        self._trace = trace

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.started", "connect_unix_socket.started")):
            raise _NewConnectionError
        if self._trace is not None:
            await self._trace(event, info)


def _app_id(body: bytes) -> str | None:
    try:
        app_id = mapping(json.loads(body)).get("app_id")
    except (ValueError, RecursionError):
        return None
    return None if app_id is None else str(app_id)
