"""The HTTP library: httpx, or its successor httpx2. No other module imports either of them.

`_http` imports this module when one of its names is first used.

spacecall sends its own requests with httpx; where httpx is not installed, with httpx2. The names of
this module are those of that library. A client that a caller lends may be of the other library:
`library_of` returns the library of a client. The classes of both libraries have the same members,
so annotations name those of httpx and stand for both.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import httpcore
    import httpx as library
    from httpx_sse import EventSource
else:
    try:
        import httpx as library
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        try:
            import httpx2 as library
        except ModuleNotFoundError:
            message = "spacecall needs an HTTP library: pip install httpx (or httpx2)"
            raise ModuleNotFoundError(message, name="httpx") from None
    if library.__name__ == "httpx":
        from httpx_sse import EventSource
    else:
        from httpx2 import EventSource

from spacecall._io.http_client import PACKAGES, HttpClient, package_of

URL = library.URL
AsyncBaseTransport = library.AsyncBaseTransport
AsyncByteStream = library.AsyncByteStream
AsyncClient = library.AsyncClient
AsyncHTTPTransport = library.AsyncHTTPTransport
ConnectError = library.ConnectError
ConnectTimeout = library.ConnectTimeout
Cookies = library.Cookies
HTTPError = library.HTTPError
InvalidURL = library.InvalidURL
Limits = library.Limits
PoolTimeout = library.PoolTimeout
Proxy = library.Proxy
ProxyError = library.ProxyError
ReadError = library.ReadError
ReadTimeout = library.ReadTimeout
RemoteProtocolError = library.RemoteProtocolError
Request = library.Request
Response = library.Response
TransportError = library.TransportError
WriteError = library.WriteError
WriteTimeout = library.WriteTimeout
create_ssl_context = library.create_ssl_context

LIBRARY_NAME: Final[str] = library.__name__
"""Name of the library that sends spacecall's own requests, and of its logger."""

HTTP_PACKAGES: Final = ("httpx", "httpx-sse") if LIBRARY_NAME == "httpx" else ("httpx2",)
"""Distributions that spacecall's own requests need."""

if TYPE_CHECKING:
    NetworkStream = httpcore.AsyncNetworkStream


class HttpLibrary(NamedTuple):
    """What the requests of a client are built of: a client refuses classes of another library.

    Attributes:
        request: the class `Request`.
        body: makes a body from what iterates over its bytes.
    """

    request: type[Request]
    body: Callable[[Callable[[], AsyncIterator[bytes]]], AsyncByteStream]

    def stream_body(self, chunks: AsyncIterator[bytes]) -> AsyncByteStream:
        """Return a body of `chunks`, which the caller closes.

        The library would wrap them in a generator that is not closed.
        """
        return self.body(lambda: chunks)

    def bytes_body(self, content: bytes) -> AsyncByteStream:
        """Return a body of one chunk. A library's own leaves a generator open if sending fails."""
        return self.body(lambda: _OneChunk(content))


class _OneChunk(AsyncIterator[bytes]):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __anext__(self) -> bytes:
        content, self._content = self._content, b""
        if not content:
            raise StopAsyncIteration
        return content


def library_of(client: HttpClient) -> HttpLibrary:
    """Return the library that `client` is of; of spacecall's own clients, the installed one."""
    return _load_library(package_of(type(client)) or LIBRARY_NAME)


@cache
def _load_library(package: str) -> HttpLibrary:
    module: Any = sys.modules[package]

    class RequestBody(module.AsyncByteStream):  # type: ignore[misc] # of either library
        def __init__(self, iterate: Callable[[], AsyncIterator[bytes]]) -> None:
            self._iterate = iterate

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._iterate()

    return HttpLibrary(module.Request, RequestBody)


OWN_LIBRARY: Final = _load_library(LIBRARY_NAME)
"""The library that sends spacecall's own requests."""


def error_types(*errors: str | type[Exception]) -> tuple[type[Exception], ...]:
    """Return exception classes for an `except` clause.

    Args:
        errors: classes, and names such as "ConnectError", which stand for the class of this name in
            each library in use: a lent client raises the errors of its own library.
    """
    return _find_classes(PACKAGES.keys(), errors)


def stream_error_types(*errors: str | type[Exception]) -> tuple[type[Exception], ...]:
    """Return exception classes for an `except` clause; the names are those of httpcore."""
    return _find_classes(PACKAGES.values(), errors)


def _find_classes(
    packages: Iterable[str], errors: Iterable[str | type[Exception]]
) -> tuple[type[Exception], ...]:
    modules = [module for package in packages if (module := sys.modules.get(package))]
    return tuple(
        getattr(module, error) if isinstance(error, str) else error
        for error in errors
        for module in modules
    )


def parse_events(blocks: bytes) -> list[tuple[str, str]]:
    """Return name and data of each server-sent event of `blocks` that has data.

    Args:
        blocks: whole events, each with the empty line that ends it.
    """
    response = Response(200, headers={"content-type": "text/event-stream"}, content=blocks)
    events: Iterable[Any]
    if LIBRARY_NAME == "httpx":
        events = EventSource(response).iter_sse()
    else:  # httpx2 has its own, which needs a request and limits the size of an event
        response.request = Request("GET", "http://localhost")
        source: Any = EventSource
        events = source(response, max_event_size=None)
    return [(event.event, event.data) for event in events if event.data]
