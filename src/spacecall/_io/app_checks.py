"""Whether a connection leads to the run of an app that a request is meant for.

An app that was started again may have its functions in another order, at the same address. Its old
process took its connections with it. So a request that names a function, and one that cannot be
repeated, goes over a connection that has told the app's id a moment ago; and never over one that
the server may be about to close, because nobody used it for a while.

An app that seeds `random` before it is built has the same id in every run. So now and then the
whole /config is looked at instead: over a connection that is new since the last look, and after one
broke.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeAlias

import anyio

from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.gradio_requests import CONFIG, AppRun
from spacecall._core.json_values import as_dict
from spacecall._io import _http as http
from spacecall._io.connection_state import CHECK_SECONDS, ConnectionState
from spacecall._io.observer import Observer
from spacecall._io.response_body import parse_document, read_body
from spacecall.errors import AppRestartedError, ProtocolError
from spacecall.options import Limits

Send: TypeAlias = Callable[[http.Request], Awaitable[http.Response]]
Trace: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[None]]

RUN_CHECK: Final = "spacecall.app_check"
"""The extension of a request that has its `RunCheck`."""
CONNECTION: Final = "spacecall.connection"
"""The extension of an answer that has the `ConnectionState` of what it came over."""

LOOK_SECONDS: Final = 3.0
"""How long a look at /config serves for connections that are opened after it.

Not longer than a client keeps an idle connection: one that was open at the look then tells of a
restart by being broken.
"""
RESTARTED: Final = "the app was restarted since its /config was read"

_BROKEN: Final = ("NetworkError", "RemoteProtocolError")
"""The errors of a connection that broke."""

_MAX_BYTES: Final = 2**16
_MAX_DESCRIPTIONS: Final = 8
_MAX_CLOSED_EARLY: Final = 2
"""How many connections may break after one answer, until the server is one that closes each."""


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
class RunMonitor:
    """What the links to one app share.

    Attributes:
        pool: the state of all connections of a client that does not tell them apart.
        distrusted: when something happened that a restart may have been the reason of.
        suspected: when a connection broke, as all do in a restart.
        closed_early: how many connections in a row broke after their first answer.
        replicas: ids of runs that answer beside each other, and have the same functions.
        described: when the app last answered with its /config.
        layout: of that; None before.
        descriptions: id and layout of the last ones, by the hash of what was answered.
    """

    pool: ConnectionState = field(default_factory=ConnectionState)
    distrusted: float = -math.inf
    suspected: float = -math.inf
    closed_early: int = 0
    replicas: set[str] = field(default_factory=set[str])
    described: float = -math.inf
    layout: str | None = None
    descriptions: dict[bytes, tuple[str | None, str]] = field(
        default_factory=dict[bytes, tuple[str | None, str]], repr=False
    )
    _looking: anyio.Lock = field(default_factory=anyio.Lock, repr=False)

    def distrust(self) -> None:
        """Have each connection checked again."""
        self.distrusted = time.monotonic()

    def suspect(self) -> None:
        """Have each connection checked again, and /config looked at before the next request."""
        self.suspected = self.distrusted = time.monotonic()

    def note_answer(self, state: ConnectionState) -> None:
        """Note that an answer has come over a connection, which may have been opened again."""
        if state.answers > 1:
            self.closed_early = 0
        if state.broken is None:
            return
        (used, answers), state.broken = state.broken, None
        self.closed_early += answers == 1
        # Those that one restart broke count once.
        if self.closed_early <= _MAX_CLOSED_EARLY and used > self.suspected:
            self.suspect()

    def noting(self, state: ConnectionState, send: Send) -> Send:
        """Return a `send` that notes each answer over the connection."""

        async def noted(request: http.Request) -> http.Response:
            response = await send(request)
            self.note_answer(state)
            return response

        return noted

    def note(self, layout: str, described: float) -> None:
        """Note the layout of a /config that the app answered with at that time."""
        self.layout = layout
        self.described = described

    def is_look_due(self, state: ConnectionState, run: AppRun) -> bool:
        """Whether the id alone may not tell `run` from another one over the connection."""
        if self.layout is None:
            return False  # nobody has read the app's /config
        if self.layout != run.functions_digest or state.layout not in (None, run.functions_digest):
            return True
        if self.described < self.suspected:
            return True
        old = self.described < time.monotonic() - LOOK_SECONDS
        return old and self.described < max(state.since, self.distrusted)

    @asynccontextmanager
    async def look(self) -> AsyncGenerator[None, None]:
        """Let others wait while inside, for some time: what is looked at may serve them too."""
        acquired = False
        with anyio.move_on_after(CHECK_SECONDS):
            await self._looking.acquire()
            acquired = True
        try:
            yield
        finally:
            if acquired:
                self._looking.release()

    async def send(
        self, client: http.HttpClient, request: http.Request, *, client_auth: bool
    ) -> http.Response:
        """Send `request`; by a client that does not check its connections, checked.

        Args:
            client_auth: whether the `auth` of the client goes with it.
        """
        options = {} if client_auth else {"auth": None}
        send: Send = partial(client.send, stream=True, follow_redirects=False, **options)
        check: RunCheck | None = request.extensions.get(RUN_CHECK)
        if isinstance(client, CheckingClient):
            response = await send(request)
            state = response.extensions.get(CONNECTION)
            if isinstance(state, ConnectionState):
                self.note_answer(state)
            return response
        if check is not None:
            return await check.send(self.pool, send, request)
        request.extensions["trace"] = _Counter(self.pool, request.extensions.get("trace"))
        return await send(request)


class CheckingClient:
    """Base of the clients whose transport checks its connections itself."""


class RunCheck:
    """Sends one request over a connection that has just told the app's id.

    Args:
        run: what the request is meant for.
        checks: of the app.
        build: a GET of a path of the app, with the credentials of the request.
        limits: bound the answer to it.
        seconds: in which the app must answer it.
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
        self._answered = -math.inf
        self._config = b""

    async def send(
        self, state: ConnectionState, send: Send, request: http.Request
    ) -> http.Response:
        """Send `request`, after a GET of the app's id unless `state` is fresh.

        Args:
            send: sends over the connection of `state`, which it opens again if it was closed.

        Raises:
            OtherRunError: the app at the other end is not the one that is meant; the request was
                not sent.
            http.HTTPError: the app cannot be reached.
        """
        try:
            response = await self._send(state, self._checks.noting(state, send), request)
        except http.error_types(*_BROKEN):
            self._checks.suspect()
            raise
        if response.status_code in (401, 404) or response.status_code >= 500:
            self._checks.distrust()  # it may be another app's answer
        return response

    async def _send(
        self, state: ConnectionState, send: Send, request: http.Request
    ) -> http.Response:
        trace: Trace | None = request.extensions.get("trace")
        request.extensions["trace"] = _Connected(trace)
        # What tells another id may be the dead connection of an earlier run.
        fresh = self._is_fresh(state)
        stays = fresh
        for _ in range(3):
            if not fresh:
                stays = await self.ask(state, send)
            if not self._means(state):
                raise OtherRunError(self._config or await self._fetch_config(send))
            if not stays:
                break
            try:
                return await send(request)
            except _NewConnectionError:
                fresh = False
        # The server closes each connection after its answer: this is as near as a check can be.
        request.extensions["trace"] = _Counter(state, trace)
        return await send(request)

    def _is_fresh(self, state: ConnectionState) -> bool:
        checked = self._means(state) and state.is_fresh(self._checks.distrusted)
        return checked and not self._checks.is_look_due(state, self._run)

    async def ask(self, state: ConnectionState, send: Send) -> bool:
        """Ask which run of the app is there, and note it in `state`.

        Returns:
            Whether the connection stays open.

        Raises:
            OtherRunError: what answers knows neither the path of the run nor its login.
            http.HTTPError: the app cannot be reached.
        """
        opened = state.opened
        self._config = b""
        try:
            reply = await self._look(state, send)
        except http.error_types("ConnectError"):
            raise
        except http.error_types(*_BROKEN) as error:
            # The request that this is for has not been sent.
            raise http.ConnectError(str(error)) from error
        if state.opened != opened:
            state.doubt()
        return not reply.closes and reply.status < 500

    async def verify(self, send: Send) -> None:
        """Ask which run of the app is there.

        Raises:
            OtherRunError: not the one that is meant.
            http.HTTPError: the app cannot be reached.
        """
        state = ConnectionState()
        await self.ask(state, send)
        if not self._means(state):
            raise OtherRunError(self._config)

    async def _look(self, state: ConnectionState, send: Send) -> _Reply:
        config = await self._describe(state, send)
        if config is not None and config.ends:
            return config
        app_id = await self._identify(state, send)
        if app_id.status >= 500:
            return app_id
        if config is None:
            # Something in front of the app may not pass the path of its id on.
            config = await self._describe(state, send, always=not app_id.tells)
        if config is None or (app_id.tells and not config.ends):
            return app_id
        if config.status == 401 and not app_id.tells:
            raise OtherRunError(b"")
        return config

    async def _identify(self, state: ConnectionState, send: Send) -> _Reply:
        """Ask for the id alone, which needs no login."""
        response, body = await self._get(self._run.path, send)
        tells, app_id = _read_id(body) if response.is_success else (False, None)
        state.note(app_id)
        return _Reply.of(response, tells=tells or self._run.app_id is None)

    async def _describe(
        self, state: ConnectionState, send: Send, *, always: bool = False
    ) -> _Reply | None:
        """Look at /config, if that is due; None if it is not."""
        checks = self._checks
        if not (always or checks.is_look_due(state, self._run)):
            return None
        async with checks.look():
            if not (always or checks.is_look_due(state, self._run)):
                return None
            response, body = await self._get(CONFIG.path, send)
            answered = self._answered
            description = await self._read(body) if response.is_success else None
            if description is None:
                if response.status_code >= 500:
                    state.note(None)
                return _Reply.of(response, tells=False)
            app_id, layout = description
            self._config = body
            checks.note(layout, answered)
            state.note(app_id, layout)
        return _Reply.of(response, tells=True)

    async def _read(self, body: bytes) -> tuple[str | None, str] | None:
        """Return the id and the layout of a /config; None if `body` is not one."""
        descriptions = self._checks.descriptions
        digest = sha256(body).digest()
        if digest not in descriptions:
            app = await read_app(body)
            if app is None:
                return None
            while len(descriptions) >= _MAX_DESCRIPTIONS:
                del descriptions[next(iter(descriptions))]
            descriptions[digest] = app.app_id, app.functions_digest
        return descriptions[digest]

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
        raise http.ReadTimeout("the app did not tell its id in time")

    async def _get_once(self, path: str, send: Send) -> tuple[http.Response, bytes]:
        request = self._build(path)
        response = await self._observer.send(request, partial(send, request))
        self._answered = time.monotonic()
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

    def _means(self, state: ConnectionState) -> bool:
        """Whether what was told over the connection is the run that is meant, or a replica."""
        run, app_id = self._run, state.app_id
        if state.layout not in (None, run.functions_digest):
            return False
        if app_id == run.app_id or app_id is None or run.app_id is None:
            return True
        return {app_id, run.app_id} <= self._checks.replicas


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a GET of an app's id or /config was answered.

    Attributes:
        closes: whether the server closes the connection after it.
        tells: whether it tells which run of the app there is.
    """

    status: int
    closes: bool
    tells: bool

    @classmethod
    def of(cls, response: http.Response, *, tells: bool) -> _Reply:
        """Return what `response` says."""
        closes = response.headers.get("connection", "").lower() == "close"
        return cls(response.status_code, closes, tells)

    @property
    def ends(self) -> bool:
        """Whether nothing further has to be asked."""
        return self.tells or self.status >= 500


async def read_app(body: bytes) -> AppConfig | None:
    """Return what a /config says; None if `body` is not one."""
    return await parse_document(_parse, body, len(body))


def _parse(body: bytes) -> AppConfig | None:
    try:
        return parse_config(json.loads(body))
    except (ValueError, RecursionError, MemoryError, ProtocolError):
        return None


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


def _read_id(body: bytes) -> tuple[bool, str | None]:
    """Return whether an answer is that of `/app_id`, and the id in it."""
    try:
        answer = as_dict(json.loads(body))
    except (ValueError, RecursionError):
        return False, None
    app_id = answer.get("app_id")
    return "app_id" in answer, None if app_id is None else str(app_id)
