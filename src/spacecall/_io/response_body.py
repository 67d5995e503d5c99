"""Reading response bodies within limits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
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
"""Bytes of an error's body that are read: enough for the text in a message and a secret after it,
so that no secret is cut and missed by redaction."""

_LARGE = 2**18
"""Size in bytes from which a document is parsed in a thread: 1 MiB takes half a second."""

_BUFFERED = 2**16
_DIGITS = 20


async def read_body(response: http.Response, limits: Limits, space: str) -> bytes:
    """Read the body of a successful response.

    Raises:
        ProtocolError: the body is larger than `Limits.max_body_bytes`, or its compression is
            invalid.
    """
    body = bytearray()
    async with aclosing(iterate_chunks(response)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limits.max_body_bytes:
                raise ProtocolError(
                    f"the response has more than {limits.max_body_bytes} bytes "
                    "(raise Limits.max_body_bytes)",
                    space=space,
                )
    return bytes(body)


async def read_error_body(response: http.Response) -> bytes:
    """Read the first `MAX_ERROR_BYTES` of an error's body, as far as it can be decompressed."""
    # Gradio closes a connection after a 500 without announcing it. The pool closes a connection
    # whose body was not read to its end, so that no later request is sent over it.
    stops_early = response.status_code >= 500
    length = _content_length(response)
    if stops_early and length == 0:
        return b""
    body = bytearray()
    received = 0
    with suppress(ProtocolError):
        async with _raw_chunks(response) as chunks:
            decoding = _decoder(response)
            async for chunk in chunks:
                received += len(chunk)
                for piece in [chunk] if decoding is None else decoding.feed(chunk):
                    body += piece
                    if len(body) > MAX_ERROR_BYTES:
                        return bytes(body[:MAX_ERROR_BYTES])
                if stops_early and received == length:
                    break
    return bytes(body)


async def iterate_chunks(response: http.Response) -> AsyncGenerator[bytes, None]:
    """Yield the decompressed body in chunks. Use `aclosing` if you may stop early.

    Chunks have the size in which the network delivers them, or up to `STEP` decompressed bytes;
    other tasks run in between.

    Raises:
        ProtocolError: the coding was not accepted by the request, or the data is invalid.
    """
    async with open_chunks(response) as chunks:
        async for chunk in chunks:
            yield chunk


@asynccontextmanager
async def open_chunks(response: http.Response) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Return the decompressed body in chunks, and close it at the end; see `iterate_chunks`."""
    async with _raw_chunks(response) as chunks:
        decoding = _decoder(response)
        if decoding is None:
            yield chunks
            return
        async with aclosing(_decompressed(chunks, decoding)) as pieces:
            yield pieces


async def _decompressed(
    chunks: AsyncIterator[bytes], decoding: Decoder
) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        for piece in decoding.feed(chunk):
            yield piece
            await checkpoint()
    decoding.check_complete()


def _decoder(response: http.Response) -> Decoder | None:
    # A hook of the caller's client may have read the response: then httpx has decompressed it.
    return None if response.is_stream_consumed else create_decoder(response)


def _content_length(response: http.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < _DIGITS else None


@asynccontextmanager
async def _raw_chunks(response: http.Response) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Return the body as it comes from the network, without the decoders of httpx."""
    stream = cast("http.AsyncByteStream", response.stream)
    chunks = response.aiter_bytes() if response.is_stream_consumed else aiter(stream)
    try:
        yield chunks
    finally:
        await _end(response, chunks)


async def _end(response: http.Response, chunks: AsyncIterator[bytes]) -> None:
    """Close the response and the generators behind `chunks`, which httpx does not close.

    Otherwise they stay suspended until garbage collection, and trio warns about each. An error from
    the innermost generator ends all of them: its connection is closed, or it is cancelled.
    """
    await response.aclose()
    with anyio.CancelScope() as scope, suppress(*http.error_types("HTTPError"), StopAsyncIteration):
        scope.cancel()
        for _ in range(_BUFFERED):  # chunks that were received before come first
            await anext(chunks)


async def parse_document(parse: Callable[[D], T], document: D, size: int) -> T:
    """Return `parse(document)`; a large document is parsed in a thread.

    Args:
        size: size of the document in bytes.
    """
    if size <= _LARGE:
        return parse(document)
    return await to_thread.run_sync(parse, document, abandon_on_cancel=True)
