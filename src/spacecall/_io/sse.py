"""Server-sent events: the text of each event of a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource, SSEError

from spacecall._io.body import byte_chunks
from spacecall.errors import ProtocolError


async def events(response: httpx.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """The `data` of each event. Comments, CRLF and events without data are passed over.

    Args:
        limit: bytes of one event.

    Raises:
        ProtocolError: the answer is no event stream, or an event is larger than `limit`.
    """
    meter = _Meter(limit)
    # The body that EventSource reads is the same one, metered: httpx-sse keeps an event of any
    # size, and a stream that never ends a line would fill the memory.
    metered = httpx.Response(
        response.status_code,
        headers={"content-type": response.headers.get("content-type", "")},
        content=meter.measure(response),
    )
    try:
        async with aclosing(EventSource(metered).aiter_sse()) as source:
            async for event in source:
                meter.count = 0
                if event.data:
                    yield event.data
    except SSEError as error:
        raise ProtocolError(str(error)) from error


class _Meter:
    def __init__(self, limit: int) -> None:
        self.count = 0
        self._limit = limit

    async def measure(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        async with aclosing(byte_chunks(response)) as chunks:
            async for chunk in chunks:
                self.count += len(chunk)
                if self.count > self._limit:
                    raise ProtocolError(f"an event of more than {self._limit} bytes")
                yield chunk
