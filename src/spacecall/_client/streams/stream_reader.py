"""Read the stream of a session and pass its messages to the jobs."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from copy import copy
from functools import partial

import anyio

from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._core.gradio_requests import Request
from spacecall._core.json_values import describe_error
from spacecall._core.message_routing import Demultiplexer, FeedResult
from spacecall._core.queue_messages import parse_stream_message, wire_size
from spacecall._core.sse_decoder import SSEDecoder
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.call_trace import shared_trace, tracing
from spacecall._io.event_stream import open_events
from spacecall._io.observer import CLIENT
from spacecall._io.retrying import run_with_retries
from spacecall.errors import JobLostError, SpaceError, StatusError, TransportError


class StreamReader:
    """Reads the stream of a session while the session has jobs.

    A stream that ends before its jobs do is lost, and never opened again.

    Args:
        app_client: sends the request.
        stream: the request that opens the stream.
        demux: passes each message to its job.
        tasks: run the reader.
        announces_close: whether the server sends a message before it closes the stream.
        grace: seconds for which the stream stays open when nobody waits for its jobs any more.
        on_idle: called after `grace`; it has to `close` the reader.

    Attributes:
        lost: whether the stream broke, or was closed while it had jobs.
        is_reading: whether a task reads the stream, or opens it.
    """

    def __init__(
        self,
        app_client: AppHttpClient,
        stream: Request,
        demux: Demultiplexer,
        tasks: BackgroundTasks,
        *,
        announces_close: bool,
        grace: float,
        on_idle: Callable[[], Awaitable[None]],
    ) -> None:
        self.lost = False
        self.is_reading = False
        self._app_client = app_client
        self._request = stream
        self._demux = demux
        self._tasks = tasks
        self._announces_close = announces_close
        self._grace = grace
        self._on_idle = on_idle
        self._scope: anyio.CancelScope | None = None
        self._is_expiring = False
        self._opened = anyio.Event()
        self._start_time = 0.0

    @property
    def seconds(self) -> float:
        """For how many seconds the stream has been read; 0 if it is not."""
        return anyio.current_time() - self._start_time if self.is_reading else 0.0

    def start(self) -> None:
        """Start to read the stream, unless it is being read or there are no jobs."""
        self.update_idle_deadline()
        if self._demux.has_jobs and not self.is_reading and not self.lost:
            self.is_reading = True
            self._opened = anyio.Event()
            self._start_time = anyio.current_time()
            self._tasks.start_soon(self._read)

    def update_idle_deadline(self) -> None:
        """Keep the stream open while a job is waited for, and for `grace` seconds after that."""
        if self._scope is None:
            return
        is_needed, is_expiring = self._demux.has_waiters, self._scope.deadline < math.inf
        self._is_expiring = not is_needed
        if is_needed and is_expiring:
            self._scope.deadline = math.inf
        elif not is_needed and not is_expiring:
            self._scope.deadline = anyio.current_time() + self._grace

    async def wait_opened(self) -> None:
        """Wait until the response has started, if the stream is being opened."""
        if self.is_reading:
            await self._opened.wait()

    def close(self, make_error: Callable[[], SpaceError]) -> None:
        """Close the stream, and end every job on it with an error of its own."""
        self._fail_all(make_error)
        if self._scope is not None:
            self._scope.cancel()

    async def _read(self) -> None:
        try:
            with tracing(shared_trace()), redirect_errors(self._on_read_error):
                await self._read_while_pending()
        finally:
            self.is_reading = False
            self._scope = None
            self._opened.set()

    async def _read_while_pending(self) -> None:
        while self._demux.has_jobs and not self.lost:
            with anyio.CancelScope() as self._scope:
                self.update_idle_deadline()
                await self._read_stream()
            if self._scope.cancelled_caught:
                self._log(logging.DEBUG, "stream closed")
            if self._scope.cancelled_caught and not self.lost:
                self._opened.set()
                await self._on_idle()

    async def _read_stream(self) -> None:
        settings = self._app_client.settings
        self._demux.begin_stream()
        try:
            async with AsyncExitStack() as stack:
                response = await run_with_retries(
                    lambda: stack.enter_async_context(self._app_client.open(self._request)),
                    settings.retry,
                    idempotent=False,
                    on_retry=self._app_client.on_retry(self._request),
                )
                chunks, splitter = await stack.enter_async_context(
                    open_events(response, limit=settings.limits.max_event_bytes)
                )
                self._opened.set()
                self._log(logging.DEBUG, "stream opened")
                closed = await self._deliver(chunks, splitter)
        except (TransportError, StatusError, JobLostError) as error:
            self._lose_jobs(error.message, cause=error)
        except SpaceError as error:
            self._fail_all(partial(copy, error))
        else:
            self._log(logging.DEBUG, "stream closed by the server")
            if not closed and not self._announces_close:
                self._demux.close()
            elif not closed and self._demux.has_jobs:
                self._lose_jobs("the server ended the stream")

    async def _deliver(self, chunks: AsyncIterator[bytes], splitter: SSEDecoder) -> bool:
        """Pass every message to its job; return whether the server announced the end."""
        closed = False
        split, feed = splitter.feed, self._demux.feed
        async for chunk in chunks:
            result = None
            for _, text in split(chunk):
                size = len(text) if text.isascii() else wire_size(text)
                result = feed(parse_stream_message(text), size)
                closed = closed or result is FeedResult.CLOSES
            if result is not FeedResult.IS_AWAITED or self._is_expiring:
                self.update_idle_deadline()
        return closed

    def _on_read_error(self, error: Exception) -> None:
        """End every job. An HTTP client of the caller's may raise any exception."""
        self._lose_jobs(describe_error(error), cause=error)

    def _lose_jobs(self, reason: str, cause: Exception | None = None) -> None:
        self._app_client.checks.suspect_restart()
        level = logging.WARNING if self._demux.has_waiters else logging.DEBUG
        self._log(level, "stream lost, with %d jobs: %s", self._demux.active_jobs, reason)

        def lost_error() -> SpaceError:
            error = JobLostError(f"the job was lost: {reason}")
            error.__cause__ = cause
            return error

        self._fail_all(lost_error)

    def _log(self, level: int, message: str, *args: object) -> None:
        self._app_client.observer().log(CLIENT, level, message, *args, stacklevel=3)

    def _fail_all(self, make_error: Callable[[], SpaceError]) -> None:
        self.lost = True
        self._demux.fail_all(make_error)
