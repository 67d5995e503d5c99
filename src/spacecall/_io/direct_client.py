"""The HTTP client of a Space that got no `http_client`: it does only what a Space needs.

The client of httpx merges headers, cookies and URLs that a Space has merged already. The pool of
httpcore looks at every waiting request and every connection when a request begins or ends, and asks
the operating system about every idle connection: with 400 concurrent calls that was a third of the
processor time.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Self, TypeAlias, cast

import anyio

from spacecall._io import _http as http
from spacecall._io.connection_state import ConnectionState
from spacecall._io.decoding import IDENTITY
from spacecall._io.run_checks import (
    CONNECTION,
    RUN_CHECK,
    CheckingClient,
    RunCheck,
)
from spacecall._io.tls import APP_CONTEXT, ssl_context

_Target: TypeAlias = tuple[str, bytes, int | None, ssl.SSLContext | None]
"""Scheme, host, port, and an SSL context in place of the default one."""

MAX_IDLE = 64
"""Idle connections that are kept open."""
IDLE_SECONDS = 3.0
"""Seconds after which an idle connection is closed. Gradio's server closes it after 5 s."""

_HEADERS = {"accept": "*/*", "accept-encoding": IDENTITY, "connection": "keep-alive"}


class _Connection:
    """A transport with one connection, and the state of that connection."""

    def __init__(self, target: _Target, transport: http.AsyncBaseTransport) -> None:
        self.target = target
        self.transport = transport
        self.state = ConnectionState()


class OneConnectionTransport(http.AsyncBaseTransport):
    """Sends each request over a connection that no other request uses at the time.

    Up to `MAX_IDLE` idle connections are kept for `IDLE_SECONDS`. A request with a `RunCheck` is
    sent over a connection that leads to the right run of the app.
    """

    def __init__(self) -> None:
        self._all: set[_Connection] = set()
        self._idle: deque[_Connection] = deque()

    async def handle_async_request(self, request: http.Request) -> http.Response:
        """Send a request; see the HTTP library."""
        url = request.url
        tls = request.extensions.get(APP_CONTEXT) if url.scheme == "https" else None
        await self._expire()
        connection = self._take((url.scheme, url.raw_host, url.port, tls))

        async def send(request: http.Request) -> http.Response:
            response = await connection.transport.handle_async_request(request)
            connection.state.record_response(response)
            return response

        check: RunCheck | None = request.extensions.get(RUN_CHECK)
        try:
            if check is None:
                response = await send(request)
            else:
                response = await check.send(connection.state, send, request)
        except BaseException:
            await self._release(connection)
            raise

        async def release() -> None:
            await self._release(connection)

        response.stream = _ReleasingStream(cast("http.AsyncByteStream", response.stream), release)
        response.extensions[CONNECTION] = connection.state
        return response

    def _take(self, target: _Target) -> _Connection:
        for index in range(len(self._idle) - 1, -1, -1):
            connection = self._idle[index]
            if connection.target == target:
                del self._idle[index]
                return connection
        scheme, *_, tls = target
        connection = _Connection(target, _transport(tls, secure=scheme == "https"))
        self._all.add(connection)
        return connection

    async def _release(self, connection: _Connection) -> None:
        connection.state.used_at = time.monotonic()
        if connection in self._all:
            self._idle.append(connection)
        while len(self._idle) > MAX_IDLE:
            await self._close_oldest()

    async def _expire(self) -> None:
        oldest = time.monotonic() - IDLE_SECONDS
        while self._idle and self._idle[0].state.used_at < oldest:
            await self._close_oldest()

    async def _close_oldest(self) -> None:
        connection = self._idle.popleft()
        self._all.discard(connection)
        with anyio.CancelScope(shield=True):
            await connection.transport.aclose()

    async def aclose(self) -> None:
        """Close every connection, idle or not."""
        closing, self._all = self._all, set()
        self._idle.clear()
        for connection in closing:
            await connection.transport.aclose()


class _ReleasingStream(http.AsyncByteStream):
    """A response body that releases its connection when it is closed."""

    def __init__(self, stream: http.AsyncByteStream, release: Callable[[], Any]) -> None:
        self._stream = stream
        self._release: Callable[[], Any] | None = release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        release, self._release = self._release, None
        try:
            await self._stream.aclose()
        finally:
            if release is not None:
                await release()


class DirectClient(CheckingClient):
    """Sends requests as they are: `AppHttpClient` adds cookies and credentials, and redirects.

    Args:
        transport: sends the requests; by default over connections of its own.
        is_intercepted: whether an interceptor may answer them.
    """

    def __init__(
        self, transport: http.AsyncBaseTransport | None = None, *, is_intercepted: bool = False
    ) -> None:
        self._transport = OneConnectionTransport() if transport is None else transport
        self.is_intercepted = is_intercepted
        self.is_closed = False
        self.headers = _HEADERS
        self.cookies = http.Cookies()
        self.auth = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any, **__: Any) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, idle or not."""
        self.is_closed = True
        await self._transport.aclose()

    def build_request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] = {},
    ) -> http.Request:
        """Return a request with the default headers."""
        return http.Request(
            method,
            _parsed(url) if params is None else http.URL(url, params=dict(params)),
            data=data,
            content=content,
            headers={**_HEADERS, **headers},
        )

    async def send(self, request: http.Request, **_: Any) -> http.Response:
        """Send a request. Return the response before its body is read."""
        response = await self._transport.handle_async_request(request)
        response.request = request
        return response


def _transport(tls: ssl.SSLContext | None, *, secure: bool) -> http.AsyncHTTPTransport:
    limits = http.Limits(max_connections=1, keepalive_expiry=IDLE_SECONDS)
    return http.AsyncHTTPTransport(
        limits=limits, verify=(tls or ssl_context()) if secure else _no_tls()
    )


@cache
def _no_tls() -> ssl.SSLContext:
    """Return a context for http URLs, which need none: creating it reads no files."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache(maxsize=256)
def _parsed(url: str) -> http.URL:
    return http.URL(url)
