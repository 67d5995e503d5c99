"""A transport whose requests go through an interceptor, such as a cassette or a fake Space."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import cast

from spacecall._io import _http as http
from spacecall._io.event_stream import iterate_data
from spacecall._io.interceptor import (
    CALLER_SECRETS,
    MAX_EVENT_BYTES,
    NETWORK_ERRORS,
    CallerSecrets,
    Forward,
    InterceptedRequest,
    InterceptedResponse,
    Interceptor,
    NetworkError,
    ResponseBody,
)
from spacecall.options import Limits


class InterceptedTransport(http.AsyncBaseTransport):
    """Passes requests to an interceptor, which answers them or forwards them."""

    def __init__(self, interceptor: Interceptor, inner: http.AsyncBaseTransport) -> None:
        self._interceptor = interceptor
        self._inner = inner

    async def handle_async_request(self, request: http.Request) -> http.Response:
        """Send a request; see the HTTP library."""
        if "upgrade" in request.headers:
            from spacecall._io.ws.conversation import SimulatedWebSocket  # noqa: PLC0415 - an extra

            stream = SimulatedWebSocket(
                lambda arguments: self._iterate_messages(request, arguments)
            )
            return http.Response(101, extensions={"network_stream": stream}, request=request)

        async def forward(body: AsyncIterator[bytes]) -> InterceptedResponse:
            request.stream = http.OWN_LIBRARY.stream_body(body)
            response = await self._forwarded(request)
            headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
            incoming = _Incoming(cast("http.AsyncByteStream", response.stream))
            return InterceptedResponse(response.status_code, headers, incoming, response)

        return await self._answered(request, forward)

    async def _answered(self, request: http.Request, forward: Forward) -> http.Response:
        stream = cast("http.AsyncByteStream", request.stream)
        # The events of a compressed stream could not be separated.
        request.headers["accept-encoding"] = "identity"
        sent = InterceptedRequest(
            request.method,
            str(request.url),
            tuple((name.lower(), value) for name, value in request.headers.multi_items()),
            aiter(stream),
            _secrets(request),
        )
        try:
            received = await self._interceptor.answer(sent, forward)
        except NetworkError as failure:
            raise _error_class(failure.kind)(str(failure), request=request) from failure
        reading = _Reading(received.body, request)
        if response := received.original:
            response.stream = reading
            return response
        return http.Response(
            received.status, headers=list(received.headers), stream=reading, request=request
        )

    async def _forwarded(self, request: http.Request) -> http.Response:
        with _raise_network_errors():
            return await self._inner.handle_async_request(request)

    async def _iterate_messages(
        self, upgrade: http.Request, arguments: str
    ) -> AsyncGenerator[str, None]:
        """Yield the messages of a server on a WebSocket, after it got the arguments."""
        from spacecall._io.ws.conversation import WebSocketEvents  # noqa: PLC0415 - an extra

        limit: int = upgrade.extensions.get(MAX_EVENT_BYTES, Limits().max_event_bytes)
        idle: float | None = upgrade.extensions.get("timeout", {}).get("read")

        async def forward(body: AsyncIterator[bytes]) -> InterceptedResponse:
            content = b"".join([chunk async for chunk in body])
            response = await self._forwarded(upgrade)
            messages = WebSocketEvents(
                response, content, max_message_bytes=limit, idle_timeout=idle
            )
            return InterceptedResponse(
                200, (("content-type", "text/event-stream"),), _Incoming(messages)
            )

        request_headers = [
            (name, value)
            for name, value in upgrade.headers.multi_items()
            if name not in ("upgrade", "connection") and not name.startswith("sec-websocket")
        ]
        headers = [*request_headers, ("content-type", "application/json")]
        request = http.Request(upgrade.method, upgrade.url, headers=headers, content=arguments)
        if CALLER_SECRETS in upgrade.extensions:
            request.extensions[CALLER_SECRETS] = upgrade.extensions[CALLER_SECRETS]
        response = await self._answered(request, forward)
        async with aclosing(iterate_data(response, limit=limit + len(b"data: "))) as texts:
            async for text in texts:
                yield text

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def _error_class(kind: str) -> type[http.TransportError]:
    error_class: type[http.TransportError] = getattr(http, kind)
    return error_class


def _secrets(request: http.Request) -> CallerSecrets:
    secrets: Callable[[], CallerSecrets] = request.extensions.get(CALLER_SECRETS, CallerSecrets)
    return secrets()


@contextmanager
def _raise_network_errors() -> Generator[None]:
    """Convert exceptions of the HTTP library into `NetworkError`."""
    try:
        yield
    except http.TransportError as error:
        kind = next(
            (name for name in NETWORK_ERRORS if isinstance(error, _error_class(name))), None
        )
        raise NetworkError(kind or "ReadError", str(error)) from error


class _Incoming:
    """A body from the network; reading it raises `NetworkError`."""

    def __init__(self, stream: http.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _raise_network_errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Reading(http.AsyncByteStream):
    """A body for the client; reading it raises exceptions of the HTTP library."""

    def __init__(self, body: ResponseBody, request: http.Request) -> None:
        self._body = body
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except NetworkError as failure:
            raise _error_class(failure.kind)(str(failure), request=self._request) from failure

    async def aclose(self) -> None:
        await self._body.aclose()
