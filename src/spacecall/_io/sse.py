"""Server-sent events: the name and the text of each event of a stream.

The stream is cut at its empty lines. What lies between is one line of data, as Gradio sends it, or
httpx-sse reads it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource

from spacecall._io.body import byte_chunks
from spacecall.errors import ProtocolError

_KIND = "text/event-stream"


async def events(response: httpx.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """The `data` of each event; see `named_events`."""
    async with aclosing(_batches(response, limit)) as batches:
        async for batch in batches:
            for _, data in batch:
                yield data


async def named_events(
    response: httpx.Response, *, limit: int
) -> AsyncGenerator[tuple[str, str], None]:
    """The name and the `data` of each event; the name is `message` where the server gives none.

    Comments, CRLF and events without data are passed over.

    Args:
        limit: bytes of one event.

    Raises:
        ProtocolError: the answer is no event stream, or an event is larger than `limit`.
    """
    async with aclosing(_batches(response, limit)) as batches:
        async for batch in batches:
            for event in batch:
                yield event


async def _batches(
    response: httpx.Response, limit: int
) -> AsyncGenerator[list[tuple[str, str]], None]:
    """The events that end in each chunk."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind != _KIND:
        raise ProtocolError(f"a stream is {_KIND}, and this answer is {kind or 'of no type'}")
    splitter = _Splitter(limit)
    async with aclosing(byte_chunks(response, plain=True)) as chunks:
        async for chunk in chunks:
            if batch := splitter.feed(chunk):
                yield batch


class _Splitter:
    """Cuts a stream at its empty lines. Keeps the event that has not ended, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[bytes] = []
        self._size = 0
        self._ended = b""
        """The end of line, if any, that what is kept ends with."""
        self._after_return = False

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """The events that `chunk` ends."""
        if self._after_return or b"\r" in chunk:
            chunk = self._with_newlines(chunk)
        if not chunk:
            return []
        if self._ended + chunk[:1] != b"\n\n" and b"\n\n" not in chunk:
            self._keep(chunk)
            return []
        blocks = b"".join((*self._kept, chunk)).split(b"\n\n")
        self._kept.clear()
        self._size = 0
        rest = blocks.pop()
        if any(len(block) > self._limit for block in blocks):
            self._refuse()
        if rest:
            self._keep(rest)
        else:
            self._ended = b""
        return [event for block in blocks for event in _events(block)]

    def _keep(self, part: bytes) -> None:
        self._kept.append(part)
        self._ended = b"\n" if part.endswith(b"\n") else b""
        self._size += len(part)
        if self._size > self._limit:
            self._refuse()

    def _refuse(self) -> None:
        raise ProtocolError(f"an event of more than {self._limit} bytes")

    def _with_newlines(self, chunk: bytes) -> bytes:
        """`chunk` with the other ends of lines made newlines, also one cut in the middle."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
            if not chunk:
                return chunk
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _events(block: bytes) -> list[tuple[str, str]]:
    """The name and the data of what a block of lines says, if it has data."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return [("message", block[6:].decode(errors="replace"))]
    alone = httpx.Response(200, headers={"content-type": _KIND}, content=block + b"\n\n")
    return [(one.event, one.data) for one in EventSource(alone).iter_sse() if one.data]
