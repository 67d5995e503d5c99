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
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
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


class OtherRunError(AppRestartedError):
    """Another run of the app answered than the one that a request is meant for.

    Attributes:
        config: its /config, as it answered; empty where it did not.
    """

    def __init__(self, config: bytes) -> None:
        super().__init__(RESTARTED)
        self.config = config


class _NewConnectionError(Exception):
    """The request was about to open a connection, which nobody has checked."""


@dataclass(slots=True, eq=False)
class ConnectionState:
    """What a connection has told; or the connections of a pool that does not tell them apart.

    Attributes:
        app_id: of the app at its other end; None where the app does not tell.
        checked: when it told, in seconds of `time.monotonic()`.
        used: when the last answer over it ended.
        opened: how many connections of the pool were opened by requests that did not check them.
        stream: of the network, beneath a single connection.
    """

    app_id: str | None = None
    checked: float = -math.inf
    used: float = -math.inf
    opened: int = 0
    stream: object = None

    def note(self, app_id: str | None) -> None:
        """Note that the app has just told its id."""
        self.app_id = app_id
        self.checked = self.used = time.monotonic()

    def observe(self, response: httpx.Response) -> None:
        """Note what an answer came over: perhaps a connection that was opened for its request."""
        stream = response.extensions.get("network_stream")
        if stream is not self.stream:
            self.stream = stream
            self.doubt()

    def doubt(self) -> None:
        """Have the app asked again before the next request that is checked."""
        self.checked = -math.inf

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
        replicas: ids of runs that answer beside each other, and have the same functions.
    """

    pool: ConnectionState = field(default_factory=ConnectionState)
    distrusted: float = -math.inf
    replicas: set[str] = field(default_factory=set[str])

    def distrust(self) -> None:
        """Have each connection checked again."""
        self.distrusted = time.monotonic()

    async def send(
        self, client: httpx.AsyncClient, request: httpx.Request, *, client_auth: bool
    ) -> httpx.Response:
        """Send `request`; by a client that does not check its connections, checked.

        Args:
            client_auth: whether the `auth` of the client goes with it.
        """
        auth = httpx.USE_CLIENT_DEFAULT if client_auth else None
        send = partial(client.send, stream=True, auth=auth, follow_redirects=False)
        check: AppCheck | None = request.extensions.get(APP_CHECK)
        if isinstance(client, CheckingClient):
            return await send(request)
        if check is not None:
            return await check.send(self.pool, send, request)
        request.extensions["trace"] = _Counter(self.pool, request.extensions.get("trace"))
        return await send(request)


class CheckingClient(httpx.AsyncClient):
    """A client whose transport checks its connections itself."""


class AppCheck:
    """Sends one request over a connection that has just told the app's id.

    Args:
        run: what the request is meant for.
        checks: of the app.
        build: a GET of a path of the app, with the credentials of the request.
        limits: bound the answer to it.
        seconds: in which the app must answer it.
    """

    def __init__(
        self,
        run: AppRun,
        checks: AppChecks,
        build: Callable[[str], httpx.Request],
        *,
        limits: Limits,
        seconds: float | None,
    ) -> None:
        self._run = run
        self._checks = checks
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
            OtherRunError: the app at the other end is not the one that is meant; the request was
                not sent.
            httpx.HTTPError: the app cannot be reached.
        """
        trace: Trace | None = request.extensions.get("trace")
        request.extensions["trace"] = _Connected(trace)
        # What tells another id may be the dead connection of an earlier run.
        fresh = self._means(state.app_id) and state.is_fresh(self._checks.distrusted)
        stays = fresh
        for _ in range(3):
            if not fresh:
                stays = await self.ask(state, send)
            if not self._means(state.app_id):
                raise OtherRunError(await self._config(send))
            if not stays:
                break
            with suppress(_NewConnectionError):
                return self._observed(await send(request))
            fresh = False
        # The server closes each connection after its answer: this is as near as a check can be.
        request.extensions["trace"] = _Counter(state, trace)
        return self._observed(await send(request))

    def _observed(self, response: httpx.Response) -> httpx.Response:
        if response.status_code in (401, 404) or response.status_code >= 500:
            self._checks.distrust()  # it may be another app's answer
        return response

    async def ask(self, state: ConnectionState, send: Send) -> bool:
        """Ask the app for its id, and note it in `state`.

        Returns:
            Whether the connection stays open.

        Raises:
            httpx.HTTPError: the app cannot be reached.
        """
        opened = state.opened
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
        if state.opened != opened:
            state.doubt()
        closes = response.headers.get("connection", "").lower() == "close"
        return not closes and response.status_code < 500

    async def _config(self, send: Send) -> bytes:
        try:
            response, body = await self._get(CONFIG.path, send)
        except httpx.HTTPError:
            return b""
        return body if response.is_success else b""

    async def _get(self, path: str, send: Send) -> tuple[httpx.Response, bytes]:
        with anyio.move_on_after(self._seconds):
            try:
                return await self._get_once(path, send)
            except httpx.ConnectError:
                raise
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

    def _means(self, app_id: str | None) -> bool:
        if app_id == self._run.app_id or app_id is None or self._run.app_id is None:
            return True
        return {app_id, self._run.app_id} <= self._checks.replicas


class _Connected:
    """Traces httpcore, to stop a request before it opens a connection."""

    def __init__(self, trace: Trace | None) -> None:
        self._trace = trace

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.started", "connect_unix_socket.started")):
            raise _NewConnectionError
        if self._trace is not None:
            await self._trace(event, info)


class _Counter:
    """Traces httpcore, to count the connections that are opened unchecked."""

    def __init__(self, state: ConnectionState, trace: Trace | None) -> None:
        self._state = state
        self._trace = trace

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "connect_unix_socket.complete")):
            self._state.opened += 1
            self._state.doubt()
        if self._trace is not None:
            await self._trace(event, info)


def _app_id(body: bytes) -> str | None:
    try:
        app_id = mapping(json.loads(body)).get("app_id")
    except (ValueError, RecursionError):
        return None
    return None if app_id is None else str(app_id)
