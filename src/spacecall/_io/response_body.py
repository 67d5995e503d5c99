"""The body of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import TypeVar, cast

import anyio
from anyio import to_thread
from anyio.lowlevel import checkpoint

from spacecall._core.redaction import MAX_SECRET, MAX_TEXT
from spacecall._io import _http as http
from spacecall._io.decoding import Decoder, create_decoder
from spacecall.errors import ProtocolError
from spacecall.options import Limits

T = TypeVar("T")
D = TypeVar("D")

MAX_ERROR_BYTES = MAX_TEXT + MAX_SECRET
"""Bytes of an error's body that are read: what is shown of them ends before half a secret may."""

_LARGE = 2**18
"""Bytes of a document that is parsed in a thread: it takes about half a second for each MiB."""

_BUFFERED = 2**16
_DIGITS = 20


async def read_body(response: http.Response, limits: Limits, space: str) -> bytes:
    """Read the whole body of a success.

    Raises:
        ProtocolError: it has more than `Limits.max_body_bytes` bytes, or cannot be decompressed.
    """
    body = bytearray()
    async with aclosing(iterate_chunks(response)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limits.max_body_bytes:
                raise ProtocolError(
                    f"the answer has more than {limits.max_body_bytes} bytes "
                    "(raise Limits.max_body_bytes)",
                    space=space,
                )
    return bytes(body)


async def read_error_body(response: http.Response) -> bytes:
    """Read the first `MAX_ERROR_BYTES` of an error's body, as far as it can be decompressed."""
    # Gradio closes a connection after a 500 without saying so. Leaving before the end is read makes
    # the pool close it too, so that no later request is sent into the void.
    leaves = response.status_code >= 500
    length = _content_length(response)
    if leaves and length == 0:
        return b""
    body = bytearray()
    received = 0
    with suppress(ProtocolError):
        async with aclosing(_raw_chunks(response)) as chunks:
            decoding = _decoder(response)
            async for chunk in chunks:
                received += len(chunk)
                for piece in [chunk] if decoding is None else decoding.feed(chunk):
                    body += piece
                    if len(body) > MAX_ERROR_BYTES:
                        return bytes(body[:MAX_ERROR_BYTES])
                if leaves and received == length:
                    break
    return bytes(body)


async def iterate_chunks(response: http.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes, decompressed; to be closed by `aclosing` where it may be left early.

    Chunks are as large as the network gives them, or `STEP` bytes of what was decompressed; other
    tasks run between two of them.

    Raises:
        ProtocolError: it is compressed as the request did not ask for, or wrongly.
    """
    async with aclosing(_raw_chunks(response)) as chunks:
        decoding = _decoder(response)
        async for chunk in chunks:
            if decoding is None:
                yield chunk
                continue
            for piece in decoding.feed(chunk):
                yield piece
                await checkpoint()
        if decoding is not None:
            decoding.close()


def _decoder(response: http.Response) -> Decoder | None:
    # Of a response that a hook of the caller's client has read, httpx has the content.
    return None if response.is_stream_consumed else create_decoder(response)


def _content_length(response: http.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < _DIGITS else None


async def _raw_chunks(response: http.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes from the network, past httpx's decoders and its bookkeeping."""
    stream = cast("http.AsyncByteStream", response.stream)
    chunks = response.aiter_bytes() if response.is_stream_consumed else aiter(stream)
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        await _end(response, chunks)


async def _end(response: http.Response, chunks: AsyncIterator[bytes]) -> None:
    """Close the answer and the generators behind `chunks`, which httpx nests and does not close.

    Left suspended they wait for the garbage collector, and trio warns of each. An error that comes
    from the innermost ends them all: here that its connection is closed, or the cancellation.
    """
    await response.aclose()
    with anyio.CancelScope() as scope, suppress(*http.error_types("HTTPError"), StopAsyncIteration):
        scope.cancel()
        for _ in range(_BUFFERED):  # what had been received already comes first
            await anext(chunks)


async def parse_document(parse: Callable[[D], T], document: D, size: int) -> T:
    """Return what `parse` makes of a document; other tasks run meanwhile if it is large.

    Args:
        size: of the document in bytes.
    """
    if size <= _LARGE:
        return parse(document)
    return await to_thread.run_sync(parse, document, abandon_on_cancel=True)
