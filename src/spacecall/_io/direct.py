"""An `httpx.AsyncClient` that does no more than a Space needs, for clients that are our own.

httpx's client merges headers, cookies and urls that a Space knows already. httpcore's pool looks
at each waiting request and each connection whenever a request begins or ends, and asks the system
about each idle one: at 400 calls in flight that was a third of the processor time.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

import anyio
import httpx

from spacecall._io.tls import tls

_Origin: TypeAlias = tuple[str, bytes, int | None]

KEPT = 64
IDLE = 3.0

_log = logging.getLogger("httpx")


class Exclusive(httpx.AsyncBaseTransport):
    """Gives each request a transport of its own, with one connection that is kept for the next.

    Up to `KEPT` idle ones are kept, for `IDLE` seconds.
    """

    def __init__(self) -> None:
        self._all: set[httpx.AsyncBaseTransport] = set()
        self._idle: deque[tuple[_Origin, float, httpx.AsyncBaseTransport]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        url = request.url
        origin = url.scheme, url.raw_host, url.port
        await self._expire()
        transport = self._take(origin)
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            await self._release(origin, transport)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)

        async def release() -> None:
            await self._release(origin, transport)

        response.stream = _Leased(response.stream, release)
        return response

    def _take(self, origin: _Origin) -> httpx.AsyncBaseTransport:
        for place in range(len(self._idle) - 1, -1, -1):
            if self._idle[place][0] == origin:
                transport = self._idle[place][2]
                del self._idle[place]
                return transport
        transport = _connection(secure=origin[0] == "https")
        self._all.add(transport)
        return transport

    async def _release(self, origin: _Origin, transport: httpx.AsyncBaseTransport) -> None:
        if transport in self._all:
            self._idle.append((origin, time.monotonic(), transport))
        while len(self._idle) > KEPT:
            await self._close_oldest()

    async def _expire(self) -> None:
        oldest = time.monotonic() - IDLE
        while self._idle and self._idle[0][1] < oldest:
            await self._close_oldest()

    async def _close_oldest(self) -> None:
        _, _, transport = self._idle.popleft()
        self._all.discard(transport)
        with anyio.CancelScope(shield=True):
            await transport.aclose()

    async def aclose(self) -> None:
        """Close every connection, in use or not."""
        closing, self._all = self._all, set()
        self._idle.clear()
        for transport in closing:
            await transport.aclose()


class _Leased(httpx.AsyncByteStream):
    """A body, at whose end the connection is free."""

    def __init__(self, stream: httpx.AsyncByteStream, release: Callable[[], Any]) -> None:
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


class DirectClient(httpx.AsyncClient):
    """Sends a request as it is built: cookies, credentials and redirects are the link's own."""

    def __init__(self) -> None:
        self._direct = Exclusive()
        super().__init__(transport=self._direct, follow_redirects=False)
        self._common = dict(self.headers)

    def build_request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] = {},
    ) -> httpx.Request:
        """A request with the headers that every client sends; `cookies` are not among them."""
        return httpx.Request(
            method,
            _parsed(url) if params is None else httpx.URL(url, params=dict(params)),
            data=data,
            content=content,
            headers={**self._common, **headers},
        )

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """Send, and give the answer whose body is still to be read."""
        response = await self._direct.handle_async_request(request)
        response.request = request
        _log.info(
            'HTTP Request: %s %s "%s %d %s"',
            request.method,
            request.url,
            response.http_version,
            response.status_code,
            response.reason_phrase,
        )
        return response


def _connection(*, secure: bool) -> httpx.AsyncHTTPTransport:
    one = httpx.Limits(max_connections=1, keepalive_expiry=IDLE)
    return httpx.AsyncHTTPTransport(limits=one, verify=tls() if secure else _no_tls())


@cache
def _no_tls() -> ssl.SSLContext:
    """For http, where none is needed: it trusts nobody, and is there without reading files."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)
