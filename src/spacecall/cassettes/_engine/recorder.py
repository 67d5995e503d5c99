"""Recording: what passes is noted, and passes unchanged."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import IO

from spacecall._io.intercept import Chunks, Forward, NetworkError, Received, Sent
from spacecall._io.sse import event_splitter
from spacecall.cassettes._format.bodies import RequestBody, Stored
from spacecall.cassettes._format.exchange import COMPLETE, Exchange, header
from spacecall.cassettes._format.scrubber import GONE, Scrubber
from spacecall.cassettes._format.server_sent_event import Event

IN_MEMORY = 2**20
"""Bytes of a body that are kept in memory; what is larger waits in a temporary file."""

Keep = Callable[[IO[bytes], str], Stored]
"""What is kept of an answer's body that has passed, given its content type."""


class Recorder:
    """Notes every exchange that passes.

    Args:
        keep: makes the stored form of an answer's body.
        scrubber: is told what must not be kept.
        add: is given each exchange when its request is sent; the exchange fills up later.
        called_by: is told by which schema a typed client calls an endpoint.
        clock: in seconds.
        since: where the time of the recording begins, in seconds.
    """

    def __init__(
        self,
        keep: Keep,
        scrubber: Scrubber,
        add: Callable[[Exchange], None],
        called_by: Callable[[str, str], None],
        clock: Callable[[], float],
        *,
        since: float = 0.0,
    ) -> None:
        self._keep = keep
        self._scrubber = scrubber
        self._add = add
        self.called_by = called_by
        self._clock = clock
        self._zero = clock() - since

    def now(self) -> float:
        """Seconds since the recording began."""
        return self._clock() - self._zero

    async def answer(self, request: Sent, forward: Forward) -> Received:
        """Forward the request and note it, its answer, and how it ended.

        A HEAD is not noted: how far the server is with an upload says nothing about the app.
        """
        if request.method == "HEAD":
            return await forward(request.body)
        self._scrubber.learn(request.url, request.secrets.values)
        headers = tuple(
            (name, GONE if name in request.secrets.headers else value)
            for name, value in request.headers
        )
        exchange = Exchange(request.method, request.url, headers, began=self.now())
        self._add(exchange)
        sent = RequestBody(header(request.headers, "content-type"))
        try:
            received = await forward(_noted(request.body, sent))
        except NetworkError as failure:
            exchange.end = failure.kind
            raise
        finally:
            exchange.ended = self.now()
            exchange.request_body = sent.stored()
        exchange.status, exchange.headers = received.status, received.headers
        exchange.answered = self.now()
        return replace(received, body=_Recorded(received, exchange, self._keep, self.now))


class _Recorded:
    """The body of an answer, noted as it is read."""

    def __init__(
        self, received: Received, exchange: Exchange, keep: Keep, now: Callable[[], float]
    ) -> None:
        self._inner: Chunks = received.body
        self._exchange = exchange
        self._keep = keep
        self._now = now
        self._copy = _Copy(header(received.headers, "content-type"))
        self._splitter = event_splitter(sys.maxsize)
        if self._copy.content_type.startswith("text/event-stream"):
            exchange.events = []
        self._noted = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                if self._exchange.events is None:
                    self._copy.write(chunk)
                else:
                    self._note(self._exchange.events, chunk)
                yield chunk
            self._exchange.end = COMPLETE
        except NetworkError as failure:
            self._exchange.end = failure.kind
            raise

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            if not self._noted:
                self._noted = True
                self._exchange.ended = self._now()
                self._exchange.body = self._copy.stored(self._keep)

    def _note(self, events: list[tuple[float, Event]], chunk: bytes) -> None:
        at = self._now()
        found = [Event(name, data) for name, data in self._splitter.feed(chunk)]
        events += [(at, event) for event in found if not _heartbeat(event)]


class _Copy:
    """The bytes of an answer that passes."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self._file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115

    def write(self, chunk: bytes) -> None:
        """The next bytes."""
        self._file.write(chunk)

    def stored(self, keep: Keep) -> Stored:
        """What is kept of it."""
        with self._file as file:
            file.seek(0)
            return keep(file, self.content_type)


async def _noted(chunks: AsyncIterator[bytes], body: RequestBody) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        body.feed(chunk)
        yield chunk


def _heartbeat(event: Event) -> bool:
    # The JSON of other messages is not read for this.
    may_be = len(event.data) < 200 and "heartbeat" in event.data
    return event.name == "heartbeat" or (may_be and event.value().get("msg") == "heartbeat")
