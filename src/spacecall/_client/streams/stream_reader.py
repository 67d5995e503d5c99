"""The one reader of a session's stream."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from copy import copy
from functools import partial

import anyio

from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._core.demux import Demultiplexer, Fed
from spacecall._core.gradio_requests import Request
from spacecall._core.json_values import error_text
from spacecall._core.queue_messages import parse, wire_size
from spacecall._io.app_http_client import Link
from spacecall._io.event_stream import events
from spacecall._io.retrying import retrying
from spacecall.errors import JobLostError, SpaceError, StatusError, TransportError


class StreamReader:
    """Reads the stream while the session has jobs, and hands its messages to them.

    A stream that ended before its jobs did is lost, and never opened again.

    Args:
        stream: the request that opens it.
        demux: whom the messages are for.
        group: where it reads.
        says_close: whether the server says that it ends the stream.
        grace: seconds that the stream stays open when nobody waits for its jobs any more.
        unwanted: called when that time has passed; it is to `drop` the stream.
    """

    def __init__(
        self,
        link: Link,
        stream: Request,
        demux: Demultiplexer,
        group: BackgroundTasks,
        *,
        says_close: bool,
        grace: float,
        unwanted: Callable[[], Awaitable[None]],
    ) -> None:
        self.lost = False
        self.reading = False
        self._link = link
        self._request = stream
        self._demux = demux
        self._group = group
        self._says_close = says_close
        self._grace = grace
        self._unwanted = unwanted
        self._scope: anyio.CancelScope | None = None
        self._opened = anyio.Event()

    def start(self) -> None:
        """See to it that the stream is read while there are jobs."""
        self.reconsider()
        if self._demux.pending and not self.reading and not self.lost:
            self.reading = True
            self._opened = anyio.Event()
            self._group.start_soon(self._read)

    def reconsider(self) -> None:
        """Keep the stream while somebody waits, and for `grace` seconds after that."""
        if self._scope is None:
            return
        wanted, leaving = self._demux.wanted, self._scope.deadline < math.inf
        if wanted and leaving:
            self._scope.deadline = math.inf
        elif not wanted and not leaving:
            self._scope.deadline = anyio.current_time() + self._grace

    async def opened(self) -> None:
        """Wait until the server has begun to answer, if the stream is being opened."""
        if self.reading:
            await self._opened.wait()

    def drop(self, error: Callable[[], SpaceError]) -> None:
        """Leave the stream, and end every job on it with an error of its own."""
        self._end(error)
        if self._scope is not None:
            self._scope.cancel()

    async def _read(self) -> None:
        try:
            with redirect_errors(self._fail):
                await self._read_while_pending()
        finally:
            self.reading = False
            self._scope = None
            self._opened.set()

    async def _read_while_pending(self) -> None:
        while self._demux.pending and not self.lost:
            with anyio.CancelScope() as self._scope:
                self.reconsider()
                await self._read_stream()
            if self._scope.cancelled_caught and not self.lost:
                self._opened.set()
                await self._unwanted()

    async def _read_stream(self) -> None:
        settings = self._link.settings
        self._demux.opening()
        try:
            async with AsyncExitStack() as stack:
                response = await retrying(
                    lambda: stack.enter_async_context(self._link.open(self._request)),
                    settings.retry,
                    idempotent=False,
                    on_retry=self._link.on_retry(self._request),
                )
                texts = await stack.enter_async_context(
                    aclosing(events(response, limit=settings.limits.max_event_bytes))
                )
                self._opened.set()
                closed = await self._deliver(texts)
        except (TransportError, StatusError, JobLostError) as error:
            self._lose(error.message, cause=error)
        except SpaceError as error:
            self._end(partial(copy, error))
        else:
            if not closed and not self._says_close:
                self._demux.close()
            elif not closed and self._demux.pending:
                self._lose("the server ended the stream")

    async def _deliver(self, texts: AsyncIterator[str]) -> bool:
        """Hand every message to its job; whether the server said that it closes the stream."""
        closed = False
        async for text in texts:
            closed = self._demux.feed(parse(text), wire_size(text)) is Fed.CLOSES or closed
            self.reconsider()
        return closed

    def _fail(self, error: Exception) -> None:
        """End every job here; the HTTP client is perhaps the caller's, and raises anything."""
        self._lose(error_text(error), cause=error)

    def _lose(self, why: str, cause: Exception | None = None) -> None:
        self._link.checks.suspect()

        def lost() -> SpaceError:
            error = JobLostError(f"the job was lost: {why}")
            error.__cause__ = cause
            return error

        self._end(lost)

    def _end(self, error: Callable[[], SpaceError]) -> None:
        self.lost = True
        self._demux.lose(error)
