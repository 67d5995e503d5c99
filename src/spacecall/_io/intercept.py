"""Requests seen, and answered, by somebody between a client and the network.

An interceptor knows no httpx: it takes and gives the values of this module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import httpx

from spacecall._io.tls import tls
from spacecall.errors import UnsupportedProtocolError

_FAILURES: dict[str, type[httpx.TransportError]] = {
    kind.__name__: kind
    for kind in (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.ReadError,
        httpx.ReadTimeout,
        httpx.RemoteProtocolError,
        httpx.WriteError,
        httpx.WriteTimeout,
    )
}
FAILURES = frozenset(_FAILURES)
"""What can go wrong on a network, by name."""


class NetworkError(Exception):
    """The network failed.

    Attributes:
        kind: one of `FAILURES`.
    """

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way.

    Attributes:
        headers: names in lower case, in order, as they are sent.
        body: its bytes as they are produced; to be read once.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: AsyncIterator[bytes]


class Chunks(Protocol):
    """The body of an answer as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """The reader has gone, at the end or before it."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """An answer whose body is still to be read; reading may raise `NetworkError`.

    Attributes:
        headers: names in lower case.
        made_of: the network's own answer, if it is one.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Chunks
    made_of: httpx.Response | None = None


Forward: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[Received]]
"""Sends the request to the network, with this body. Raises `NetworkError`."""


class Interceptor(Protocol):
    """Answers requests, by itself or by forwarding them."""

    async def answer(self, request: Sent, forward: Forward) -> Received:
        """The answer. Raises `NetworkError`, or an error of its own, which reaches the caller."""
        ...

    def called_by(self, endpoint: str, schema: str, /) -> None:
        """A typed client calls an endpoint, and has this schema of it (its sha256)."""
        ...


class _Active:
    interceptor: Interceptor | None = None


@contextmanager
def intercepting(interceptor: Interceptor) -> Generator[None]:
    """Inside, every client that is opened goes through `interceptor`, in all threads.

    Raises:
        RuntimeError: there is one already.
    """
    if _Active.interceptor is not None:
        raise RuntimeError(
            "requests are intercepted already: one cassette at a time, or fake Spaces"
        )
    _Active.interceptor = interceptor
    try:
        yield
    finally:
        _Active.interceptor = None


def called_by(endpoint: str, schema: str) -> None:
    """Tell the interceptor, if there is one, by which schema an endpoint is called."""
    if _Active.interceptor is not None and schema:
        _Active.interceptor.called_by(endpoint, schema)


def transport(limits: httpx.Limits, proxy: str | None) -> httpx.AsyncBaseTransport | None:
    """The transport of a new client, or None for httpx's own."""
    if _Active.interceptor is None:
        return None
    return Intercepted(
        _Active.interceptor, httpx.AsyncHTTPTransport(limits=limits, proxy=proxy, verify=tls())
    )


class Intercepted(httpx.AsyncBaseTransport):
    """A transport whose requests go through an interceptor."""

    def __init__(self, interceptor: Interceptor, inner: httpx.AsyncBaseTransport) -> None:
        self._interceptor = interceptor
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        if "upgrade" in request.headers:
            raise UnsupportedProtocolError("a websocket (Gradio 3) cannot be recorded or replayed")
        stream = request.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        # Packed, the events of a stream could not be told apart.
        request.headers["accept-encoding"] = "identity"
        sent = Sent(
            request.method,
            str(request.url),
            tuple((name.lower(), value) for name, value in request.headers.multi_items()),
            aiter(stream),
        )

        async def forward(body: AsyncIterator[bytes]) -> Received:
            request.stream = _Sending(body)
            with _named():
                response = await self._inner.handle_async_request(request)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
            incoming = _Incoming(response.stream)
            return Received(response.status_code, headers, incoming, response)

        try:
            received = await self._interceptor.answer(sent, forward)
        except NetworkError as failure:
            raise _FAILURES[failure.kind](str(failure), request=request) from failure
        reading = _Reading(received.body, request)
        if response := received.made_of:
            response.stream = reading
            return response
        return httpx.Response(
            received.status, headers=list(received.headers), stream=reading, request=request
        )

    async def aclose(self) -> None:
        """Close the network's side."""
        await self._inner.aclose()


@contextmanager
def _named() -> Generator[None]:
    """The failures of httpx as `NetworkError`."""
    try:
        yield
    except httpx.TransportError as error:
        kind = next((name for name, one in _FAILURES.items() if isinstance(error, one)), None)
        raise NetworkError(kind or "ReadError", str(error)) from error


class _Sending(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class _Incoming:
    """What the network sends, its failures as `NetworkError`."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Reading(httpx.AsyncByteStream):
    """What a client reads, `NetworkError` as httpx's failures."""

    def __init__(self, body: Chunks, request: httpx.Request) -> None:
        self._body = body
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except NetworkError as failure:
            raise _FAILURES[failure.kind](str(failure), request=self._request) from failure

    async def aclose(self) -> None:
        await self._body.aclose()
