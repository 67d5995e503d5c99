"""The body of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

import anyio
import httpx

from spacecall.errors import ProtocolError
from spacecall.options import Limits

_BUFFERED = 2**16


class Content(httpx.AsyncByteStream):
    """A body whose generator its owner can close: httpx would hide it in one that nobody closes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class Ready(httpx.AsyncByteStream):
    """A body that is there already: a send of httpx's own that breaks leaves a generator behind."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._data)


class _Once(AsyncIterator[bytes]):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __anext__(self) -> bytes:
        data, self._data = self._data, b""
        if not data:
            raise StopAsyncIteration
        return data


async def read(response: httpx.Response, limits: Limits, space: str) -> bytes:
    """The whole body, at most `Limits.body` bytes of it."""
    # Gradio closes a connection after a 500 without saying so. Leaving before the end is read makes
    # the pool close it too, so that no later request is sent into the void.
    leaves = response.status_code >= 500
    length = int(response.headers.get("content-length") or -1)
    body = bytearray()
    if leaves and not length:
        return b""
    async with aclosing(byte_chunks(response)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limits.body:
                raise ProtocolError(f"an answer of more than {limits.body} bytes", space=space)
            if leaves and response.num_bytes_downloaded == length:
                break
    return bytes(body)


async def byte_chunks(
    response: httpx.Response, *, plain: bool = False
) -> AsyncGenerator[bytes, None]:
    """The body as it comes, to be closed by `aclosing` where it may be left early.

    Args:
        plain: take it straight from the network if it is not packed, past httpx's own bookkeeping.
    """
    straight = plain and "content-encoding" not in response.headers
    chunks: AsyncIterator[bytes]
    if straight and isinstance(response.stream, httpx.AsyncByteStream):
        chunks = aiter(response.stream)
    else:
        chunks = response.aiter_bytes()
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        await _end(response, chunks)


async def _end(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    """Close the answer and the generators behind `chunks`, which httpx nests and does not close.

    Left suspended they wait for the garbage collector, and trio warns of each. An error that comes
    from the innermost ends them all: here that its connection is closed, or the cancellation.
    """
    await response.aclose()
    with anyio.CancelScope() as scope, suppress(httpx.HTTPError, StopAsyncIteration):
        scope.cancel()
        for _ in range(_BUFFERED):  # what had been received already comes first
            await anext(chunks)
