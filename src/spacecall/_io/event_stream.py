"""Server-sent events of a response: the name and the data of each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from spacecall._core.sse_decoder import SSEDecoder
from spacecall._io import _http as http
from spacecall._io.response_body import iterate_chunks
from spacecall.errors import ProtocolError

_CONTENT_TYPE = "text/event-stream"


async def iterate_data(response: http.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """Yield the `data` of each event; see `iterate_events`."""
    async with aclosing(iterate_batches(response, limit=limit)) as batches:
        async for batch in batches:
            for _, data in batch:
                yield data


async def iterate_events(
    response: http.Response, *, limit: int
) -> AsyncGenerator[tuple[str, str], None]:
    """Yield the name and the `data` of each event; the default name is `message`.

    Comments and events without data are skipped.

    Args:
        limit: bytes of one event.

    Raises:
        ProtocolError: the response is not an event stream, or an event is larger than `limit`.
    """
    async with aclosing(iterate_batches(response, limit=limit)) as batches:
        async for batch in batches:
            for event in batch:
                yield event


async def iterate_batches(
    response: http.Response, *, limit: int
) -> AsyncGenerator[list[tuple[str, str]], None]:
    """Yield the events that end in each chunk of the body; see `iterate_events`."""
    content_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if content_type != _CONTENT_TYPE:
        raise ProtocolError(
            f"expected a stream of {_CONTENT_TYPE}, got {content_type or 'no content type'}"
        )
    splitter = event_splitter(limit)
    async with aclosing(iterate_chunks(response)) as chunks:
        async for chunk in chunks:
            if batch := splitter.feed(chunk):
                yield batch


def event_splitter(limit: int) -> SSEDecoder:
    """Return a splitter of a stream into events of at most `limit` bytes."""
    return SSEDecoder(limit, http.parse_events)
