"""Checks that a connection leads to the run of the app for which a request was built.

After a restart, an app may have its functions in another order at the same address; all connections
to the old process are closed. So a request with the index of a function, or one that cannot be
repeated, is sent over a connection on which the app's id was read a moment ago. It is not sent over
a connection that was idle for long, which the server may be about to close.

An app that seeds `random` before it is built has the same id in every run. So /config is read
too: over a connection that opened after the last reading, and after a connection broke.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from operator import eq
from typing import Final, NamedTuple, TypeAlias

import anyio

from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_functions import FunctionsDigest
from spacecall._core.gradio_requests import CONFIG, AppRun
from spacecall._core.json_values import as_dict
from spacecall._io import _http as http
from spacecall._io.connection_state import CHECK_SECONDS, ConnectionState
from spacecall._io.connection_traces import (
    ConnectionBlocker,
    ConnectionCounter,
    NewConnectionError,
    Trace,
)
from spacecall._io.observer import Observer
from spacecall._io.response_body import parse_document, read_body
from spacecall.errors import AppRestartedError, ProtocolError
from spacecall.options import Limits

Send: TypeAlias = "Callable[[http.Request], Awaitable[http.Response]]"

RUN_CHECK: Final = "spacecall.app_check"
"""Name of the request extension with the `RunCheck` of the request."""
CONNECTION: Final = "spacecall.connection"
"""Name of the response extension with the `ConnectionState` of its connection."""

CONFIG_SECONDS: Final = 3.0
"""Seconds for which /config counts as current for connections that open after it was read.

Not longer than a client keeps an idle connection: an older connection breaks at a restart.
"""
RESTARTED: Final = "the app was restarted since its /config was read"

_BROKEN: Final = ("NetworkError", "RemoteProtocolError")
"""Names of the errors of a broken connection."""

_MAX_BYTES: Final = 2**16
_MAX_PARSED: Final = 8
_MAX_CLOSED_EARLY: Final = 2
"""Connections that may break after one response; after more, the server closes each of them."""


class OtherRunError(AppRestartedError):
    """Another run of the app answers than the one for which the request was built.

    Attributes:
        config: the /config of that run; empty if it could not be read.
    """

    def __init__(self, config: bytes) -> None:
        super().__init__(RESTARTED)
        self.config = config


class RunMonitor:
    """Knowledge about the runs of one app, shared by all clients of the app.

    Attributes:
        pool: state of all connections of a client that does not report them separately.
        unchecked_since: when every connection became unchecked; a restart is possible.
        restart_suspected_at: when a connection broke.
        closed_early: connections in a row that broke after their first response.
        replicas: ids of runs with the same functions that answer at the same time.
        config_read_at: when the app sent its /config.
        functions_digest: digest of the functions in that /config; None before.
        parsed_configs: id and digest of the last ones, by the hash of the body.
    """

    __slots__ = (
        "_config_lock",
        "closed_early",
        "config_read_at",
        "functions_digest",
        "parsed_configs",
        "pool",
        "replicas",
        "restart_suspected_at",
        "unchecked_since",
    )

    def __init__(self) -> None:
        self.pool = ConnectionState()
        self.unchecked_since = -math.inf
        self.restart_suspected_at = -math.inf
        self.closed_early = 0
        self.replicas: set[str] = set()
        self.config_read_at = -math.inf
        self.functions_digest: FunctionsDigest | None = None
        self.parsed_configs: dict[bytes, tuple[str | None, FunctionsDigest]] = {}
        self._config_lock = anyio.Lock()

    def invalidate_connections(self) -> None:
        """Make every connection unchecked."""
        self.unchecked_since = time.monotonic()

    def suspect_restart(self) -> None:
        """Make every connection unchecked, and let the next request read /config."""
        self.restart_suspected_at = self.unchecked_since = time.monotonic()

    def record_response(self, state: ConnectionState) -> None:
        """Record a response, for whose request the connection may have been opened again."""
        if state.responses > 1:
            self.closed_early = 0
        if state.previous_stream is None:
            return
        (used, answers), state.previous_stream = state.previous_stream, None
        self.closed_early += answers == 1
        # Connections that one restart broke count once.
        if self.closed_early <= _MAX_CLOSED_EARLY and used > self.restart_suspected_at:
            self.suspect_restart()

    def recording(self, state: ConnectionState, send: Send) -> Send:
        """Return a function that sends, and records each response over the connection."""

        async def send_and_record(request: http.Request) -> http.Response:
            response = await send(request)
            self.record_response(state)
            return response

        return send_and_record

    def record_config(self, functions_digest: FunctionsDigest, config_read_at: float) -> None:
        """Record the digest of the functions in the /config that the app sent at that time."""
        self.functions_digest = functions_digest
        self.config_read_at = config_read_at

    def needs_config(self, state: ConnectionState, run: AppRun) -> bool:
        """Return whether /config must be read: the app's id may not be enough."""
        if self.functions_digest is None:
            return False  # /config was not read yet
        if self.functions_digest != run.functions_digest or state.functions_digest not in (
            None,
            run.functions_digest,
        ):
            return True
        if self.config_read_at < self.restart_suspected_at:
            return True
        old = self.config_read_at < time.monotonic() - CONFIG_SECONDS
        return old and self.config_read_at < max(state.opened_at, self.unchecked_since)

    @asynccontextmanager
    async def reading_config(self) -> AsyncGenerator[None, None]:
        """Make other requests wait for some time: they may use the /config too."""
        acquired = False
        with anyio.move_on_after(CHECK_SECONDS):
            await self._config_lock.acquire()
            acquired = True
        try:
            yield
        finally:
            if acquired:
                self._config_lock.release()

    async def send(
        self, client: http.HttpClient, request: http.Request, *, client_auth: bool
    ) -> http.Response:
        """Send `request`, after its check unless the client checks its connections itself.

        Args:
            client_auth: whether the `auth` of the client is used.

        Raises:
            RuntimeError: the client keeps connections of an event loop that has ended.
        """
        options = {} if client_auth else {"auth": None}
        send: Send = partial(client.send, stream=True, follow_redirects=False, **options)
        check: RunCheck | None = request.extensions.get(RUN_CHECK)
        if isinstance(client, CheckingClient):
            response = await send(request)
            state = response.extensions.get(CONNECTION)
            if isinstance(state, ConnectionState):
                self.record_response(state)
            return response
        try:
            if check is not None:
                return await check.send(self.pool, send, request)
            trace = request.extensions.get("trace")
            request.extensions["trace"] = ConnectionCounter(self.pool, trace)
            return await send(request)
        except RuntimeError as error:
            if str(error) != "Event loop is closed":  # the text of asyncio
                raise
            raise RuntimeError(
                "http_client has connections of an event loop that has ended: use one client for "
                "each event loop; that of all SyncSpaces ends when the last of them is closed"
            ) from error


class CheckingClient:
    """Base of the clients whose transport checks its connections itself."""


class RunCheck:
    """Sends one request over a connection on which the app's id was read just before.

    Args:
        run: the run of the app for which the request was built.
        checks: knowledge about the app.
        build: returns a GET request for a path of the app, with credentials.
        limits: for the responses to these requests.
        seconds: time limit of each.
        observer: reports it.
    """

    def __init__(
        self,
        run: AppRun,
        checks: RunMonitor,
        build: Callable[[str], http.Request],
        *,
        limits: Limits,
        seconds: float | None,
        observer: Observer,
    ) -> None:
        self._run = run
        self._observer = observer
        self._checks = checks
        self._build = build
        self._limits = limits
        self._seconds = seconds
        self._answered_at = -math.inf
        self._config = b""

    async def send(
        self, state: ConnectionState, send: Send, request: http.Request
    ) -> http.Response:
        """Send `request`, after a GET of the app's id unless `state` is fresh.

        Args:
            send: sends over the connection of `state`; a closed connection is opened again.

        Raises:
            OtherRunError: another run of the app answers. The request was not sent.
            HTTPError (of the HTTP library): the app cannot be reached.
        """
        try:
            response = await self._send(state, self._checks.recording(state, send), request)
        except http.error_types(*_BROKEN):
            self._checks.suspect_restart()
            raise
        if response.status_code in (401, 404) or response.status_code >= 500:
            self._checks.invalidate_connections()  # another app may have answered
        return response

    async def _send(
        self, state: ConnectionState, send: Send, request: http.Request
    ) -> http.Response:
        trace: Trace | None = request.extensions.get("trace")
        request.extensions["trace"] = ConnectionBlocker(trace)
        # An old id may be that of a closed connection to an earlier run.
        fresh = self._is_fresh(state)
        stays_open = fresh
        for _ in range(3):
            if not fresh:
                stays_open = await self.check_connection(state, send)
            if not self._is_expected(state):
                raise OtherRunError(self._config or await self._fetch_config(send))
            if not stays_open:
                break
            try:
                return await send(request)
            except NewConnectionError:
                fresh = False
        # The server closes each connection after a response: the check cannot be closer.
        request.extensions["trace"] = ConnectionCounter(state, trace)
        return await send(request)

    def _is_fresh(self, state: ConnectionState) -> bool:
        checked = self._is_expected(state) and state.is_fresh(self._checks.unchecked_since)
        return checked and not self._checks.needs_config(state, self._run)

    async def check_connection(self, state: ConnectionState, send: Send) -> bool:
        """Read which run of the app answers, and record it in `state`.

        Returns:
            Whether the connection stays open.

        Raises:
            OtherRunError: the server knows neither the path of the app nor its login.
            HTTPError (of the HTTP library): the app cannot be reached.
        """
        openings = state.unchecked_openings
        self._config = b""
        try:
            reply = await self._find_run(state, send)
        except http.error_types("ConnectError"):
            raise
        except http.error_types(*_BROKEN) as error:
            # The request itself was not sent.
            raise http.ConnectError(str(error)) from error
        if state.unchecked_openings != openings:
            state.invalidate()
        return not reply.closes_connection and reply.status < 500

    async def verify(self, send: Send) -> None:
        """Check which run of the app answers.

        Raises:
            OtherRunError: another one than the expected run.
            HTTPError (of the HTTP library): the app cannot be reached.
        """
        state = ConnectionState()
        await self.check_connection(state, send)
        if not self._is_expected(state):
            raise OtherRunError(self._config)

    async def _find_run(self, state: ConnectionState, send: Send) -> _Reply:
        config = await self._read_config_if_due(state, send)
        if config is not None and config.is_final:
            return config
        app_id = await self._read_app_id(state, send)
        if app_id.status >= 500:
            return app_id
        if config is None:
            # A proxy may not forward the path of the id.
            config = await self._read_config_if_due(state, send, always=not app_id.identifies)
        if config is None or (app_id.identifies and not config.is_final):
            return app_id
        if config.status == 401 and not app_id.identifies:
            raise OtherRunError(b"")
        return config

    async def _read_app_id(self, state: ConnectionState, send: Send) -> _Reply:
        """Read the app's id, which needs no login."""
        response, body = await self._get(self._run.path, send)
        identifies, app_id = _read_id(body) if response.is_success else (False, None)
        state.record_run(app_id)
        return _Reply.from_response(response, identifies=identifies or self._run.app_id is None)

    async def _read_config_if_due(
        self, state: ConnectionState, send: Send, *, always: bool = False
    ) -> _Reply | None:
        """Read /config if it is due; return None otherwise."""
        checks = self._checks
        if not (always or checks.needs_config(state, self._run)):
            return None
        async with checks.reading_config():
            if not (always or checks.needs_config(state, self._run)):
                return None
            response, body = await self._get(CONFIG.path, send)
            answered_at = self._answered_at
            description = await self._read(body) if response.is_success else None
            if description is None:
                if response.status_code >= 500:
                    state.record_run(None)
                return _Reply.from_response(response, identifies=False)
            app_id, functions_digest = description
            self._config = body
            checks.record_config(functions_digest, answered_at)
            state.record_run(app_id, functions_digest)
        return _Reply.from_response(response, identifies=True)

    async def _read(self, body: bytes) -> tuple[str | None, FunctionsDigest] | None:
        """Return the id and the layout of a /config; None if `body` is not a /config."""
        parsed_configs = self._checks.parsed_configs
        digest = sha256(body).digest()
        if digest not in parsed_configs:
            app = await parse_app(body)
            if app is None:
                return None
            await have_same_functions(app.functions_digest, self._run.functions_digest, len(body))
            while len(parsed_configs) >= _MAX_PARSED:
                del parsed_configs[next(iter(parsed_configs))]
            parsed_configs[digest] = app.app_id, app.functions_digest
        return parsed_configs[digest]

    async def _fetch_config(self, send: Send) -> bytes:
        try:
            response, body = await self._get(CONFIG.path, send)
        except http.error_types("HTTPError"):
            return b""
        return body if response.is_success else b""

    async def _get(self, path: str, send: Send) -> tuple[http.Response, bytes]:
        with anyio.move_on_after(self._seconds):
            try:
                return await self._get_once(path, send)
            except http.error_types("ConnectError"):
                raise
            except http.error_types(*_BROKEN):
                return await self._get_once(path, send)  # the server had closed the connection
        raise http.ReadTimeout("the app did not send its id in time")

    async def _get_once(self, path: str, send: Send) -> tuple[http.Response, bytes]:
        request = self._build(path)
        response = await self._observer.send(request, partial(send, request))
        self._answered_at = time.monotonic()
        most = self._limits.max_body_bytes if path == CONFIG.path else _MAX_BYTES
        try:
            if response.status_code >= 500:
                return response, b""  # its connection is not used again, see `read_error_body`
            return response, await read_body(
                response, replace(self._limits, max_body_bytes=most), ""
            )
        except ProtocolError:
            return response, b""
        finally:
            await response.aclose()

    def _is_expected(self, state: ConnectionState) -> bool:
        """Return whether the connection leads to the expected run, or to a replica."""
        run, app_id = self._run, state.app_id
        if state.functions_digest not in (None, run.functions_digest):
            return False
        if app_id == run.app_id or app_id is None or run.app_id is None:
            return True
        return {app_id, run.app_id} <= self._checks.replicas


class _Reply(NamedTuple):
    """The response to a GET of an app's id or /config.

    Attributes:
        closes_connection: whether the server closes the connection after it.
        identifies: whether it identifies the run of the app.
    """

    status: int
    closes_connection: bool
    identifies: bool

    @classmethod
    def from_response(cls, response: http.Response, *, identifies: bool) -> _Reply:
        """Return the reply in `response`."""
        closes_connection = response.headers.get("connection", "").lower() == "close"
        return cls(response.status_code, closes_connection, identifies)

    @property
    def is_final(self) -> bool:
        """Whether no other request is needed."""
        return self.identifies or self.status >= 500


async def parse_app(body: bytes) -> AppConfig | None:
    """Parse a /config; return None if `body` is not a /config."""
    return await parse_document(_parse, body, len(body))


def _parse(body: bytes) -> AppConfig | None:
    try:
        return parse_config(json.loads(body))
    except (ValueError, RecursionError, MemoryError, ProtocolError):
        return None


async def have_same_functions(
    digest: FunctionsDigest, expected: FunctionsDigest, size: int
) -> bool:
    """Compare the functions of two runs; those of a large /config in a thread.

    Args:
        size: size of a /config in bytes.
    """
    return await parse_document(partial(eq, digest), expected, size)


def _read_id(body: bytes) -> tuple[bool, str | None]:
    """Return whether a body is a response of `/app_id`, and the id in it."""
    try:
        answer = as_dict(json.loads(body))
    except (ValueError, RecursionError):
        return False, None
    app_id = answer.get("app_id")
    return "app_id" in answer, None if app_id is None else str(app_id)
