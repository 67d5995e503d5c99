"""Server-sent events: the name and the text of each event of a stream.

The core cuts the stream; `_http` parses events of more than one line of data.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from spacecall._core.sse_decoder import SSEDecoder
from spacecall._io import _http as http
from spacecall._io.response_body import iterate_chunks
from spacecall.errors import ProtocolError

_KIND = "text/event-stream"


async def iterate_data(response: http.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """The `data` of each event; see `iterate_events`."""
    async with aclosing(_batches(response, limit)) as batches:
        async for batch in batches:
            for _, data in batch:
                yield data


async def iterate_events(
    response: http.Response, *, limit: int
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
    response: http.Response, limit: int
) -> AsyncGenerator[list[tuple[str, str]], None]:
    """The events that end in each chunk."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind != _KIND:
        raise ProtocolError(f"a stream is {_KIND}, and this answer is {kind or 'of no type'}")
    splitter = event_splitter(limit)
    async with aclosing(iterate_chunks(response)) as chunks:
        async for chunk in chunks:
            if batch := splitter.feed(chunk):
                yield batch


def event_splitter(limit: int) -> SSEDecoder:
    """Return what cuts a stream into events of at most `limit` bytes."""
    return SSEDecoder(limit, http.parse_events)
