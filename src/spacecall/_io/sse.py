"""Server-sent events: the name and the text of each event of a stream."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource, SSEError

from spacecall._io.body import byte_chunks
from spacecall.errors import ProtocolError


async def events(response: httpx.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """The `data` of each event; see `named_events`."""
    async with aclosing(named_events(response, limit=limit)) as named:
        async for _, data in named:
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
    async with aclosing(byte_chunks(response)) as chunks:
        texts = _Texts(chunks, limit)
        try:
            async with aclosing(EventSource(_Metered(response, texts)).aiter_sse()) as source:
                async for event in source:
                    texts.count = 0
                    if event.data:
                        yield event.event, event.data
        except SSEError as error:
            raise ProtocolError(str(error)) from error


class _Metered(httpx.Response):
    """The answer as EventSource reads it: its type, and its text by way of `_Texts`."""

    def __init__(self, response: httpx.Response, texts: AsyncIterator[str]) -> None:
        kind = response.headers.get("content-type", "")
        super().__init__(response.status_code, headers={"content-type": kind})
        self._texts = texts

    def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:  # noqa: ARG002
        return self._texts


class _Texts(AsyncIterator[str]):
    """Text as it comes, refused when more than `limit` bytes have come since `count` was 0.

    httpx-sse keeps an event of any size: a stream that never ends a line would fill the memory.
    """

    def __init__(self, chunks: AsyncIterator[bytes], limit: int) -> None:
        self.count = 0
        self._chunks = chunks
        self._limit = limit
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")

    async def __anext__(self) -> str:
        chunk = await anext(self._chunks)
        self.count += len(chunk)
        if self.count > self._limit:
            raise ProtocolError(f"an event of more than {self._limit} bytes")
        return self._decoder.decode(chunk)
