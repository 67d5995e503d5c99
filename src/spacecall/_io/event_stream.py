"""Server-sent events of a response: the name and the data of each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from spacecall._core.sse_decoder import SSEDecoder
from spacecall._io import _http as http
from spacecall._io.response_body import open_chunks
from spacecall.errors import ProtocolError

_CONTENT_TYPE = "text/event-stream"


async def iterate_data(response: http.Response, *, limit: int) -> AsyncGenerator[str, None]:
    """Yield the `data` of each event; see `iterate_events`."""
    async with open_events(response, limit=limit) as (chunks, splitter):
        async for chunk in chunks:
            for _, data in splitter.feed(chunk):
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
    async with open_events(response, limit=limit) as (chunks, splitter):
        async for chunk in chunks:
            for event in splitter.feed(chunk):
                yield event


@asynccontextmanager
async def open_events(
    response: http.Response, *, limit: int
) -> AsyncGenerator[tuple[AsyncIterator[bytes], SSEDecoder], None]:
    """Return the chunks of the body, and what splits them into events; see `iterate_events`.

    A loop over the chunks has no generator of ours between itself and the HTTP library. For a
    stream of small events, each generator is a tenth of the time.
    """
    content_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if content_type != _CONTENT_TYPE:
        raise ProtocolError(
            f"expected a stream of {_CONTENT_TYPE}, got {content_type or 'no content type'}"
        )
    async with open_chunks(response) as chunks:
        yield chunks, event_splitter(limit)


def event_splitter(limit: int) -> SSEDecoder:
    """Return a splitter of a stream into events of at most `limit` bytes."""
    return SSEDecoder(limit, http.parse_events)
