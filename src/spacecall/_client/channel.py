"""One session of the app: its hash, its cookies, and at most one stream."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from copy import copy
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup

from spacecall._core import requests
from spacecall._core.config import AppConfig, Dependency
from spacecall._core.demux import Demultiplexer, Fed
from spacecall._core.jobs import Job, State
from spacecall._core.messages import parse
from spacecall._io.link import Link
from spacecall._io.retry import retrying
from spacecall._io.settings import Settings
from spacecall._io.sse import events
from spacecall._wire.join import JoinResponse
from spacecall._wire.queue_data import ProcessStarts
from spacecall.errors import (
    JobCancelledError,
    JobLostError,
    ProtocolError,
    SpaceError,
    StatusError,
    TransportError,
)

log = logging.getLogger("spacecall")

JOIN_HEADERS = {"x-gradio-user": "api"}
# Before this version /cancel tells that a waiting job is done, and lets it run when its turn comes.
_TAKES_WAITING_JOBS = (6, 14)


class Channel:
    """Joins, the stream, and cancels of one session.

    Everything on one session shares its fate: a stream that breaks ends all its jobs, and a
    cancel kills each running job of the same function. A channel whose stream was lost is never
    used again: the server may still be busy forgetting that session.

    Args:
        link: with the session's own cookies.
        group: where joins and the reader run; it outlives the channel.
        session_hash: of an earlier session, to go on with it.
        grace: seconds that the stream stays open when nobody waits for its jobs any more.
        listens: whether the stream is read at all; a job that is left to be collected is not.
    """

    def __init__(
        self,
        link: Link,
        app: AppConfig,
        group: TaskGroup,
        *,
        session_hash: str | None = None,
        grace: float = 2.0,
        listens: bool = True,
    ) -> None:
        self.link = link
        self.session_hash = session_hash or secrets.token_hex(8)
        self.lost = False
        self.app = app
        self._group = group
        self._grace = grace
        self._listens = listens
        self._demux = Demultiplexer(link.settings.limits.parked)
        self._reading = False
        self._stream: anyio.CancelScope | None = None
        self._opened = anyio.Event()
        self._calm = anyio.Event()

    @property
    def load(self) -> int:
        """Jobs on this channel."""
        return self._demux.load

    @property
    def available(self) -> bool:
        """Whether a job may join: the stream is not lost, and not about to be dropped."""
        return not self.lost and (self._stream is None or self._demux.wanted)

    @contextmanager
    def expecting(self, job: Job) -> Generator[None]:
        """While inside, `job` is about to join: the stream is kept, its early messages parked."""
        self._demux.joining(job)
        self._set_deadline()
        try:
            yield
        finally:
            self._demux.joined(job)
            self._set_deadline()
            self._calm.set()
            self._calm = anyio.Event()

    async def join(
        self, job: Job, endpoint: Dependency, data: Sequence[Any], settings: Settings
    ) -> None:
        """Put `job` into the app's queue and have its messages read.

        A job that is ended meanwhile (its caller was cancelled) is cancelled on the server as
        soon as its id is known.

        Raises:
            SpaceError: the server did not accept the job, or nobody knows.
        """
        if self.lost:
            raise JobLostError("the session has lost its stream: open another", sent=False)
        request = requests.join(self.app, endpoint, data, self.session_hash)
        answer = await self.link.fetch(request, settings, headers=JOIN_HEADERS)
        self._demux.accept(job, _event_id(answer.body))
        if self.lost:
            job.fail(JobLostError("the session lost its stream while the job was joining"))
        if job.ended:
            await self._cancel_on_server(job, settings, waiting=True)
        self._read_on()

    def adopt(self, job: Job, event_id: str) -> None:
        """Read the messages of a job that was joined earlier, maybe by another process."""
        self._demux.accept(job, event_id)
        self._read_on()

    async def cancel(self, job: Job, error: SpaceError, settings: Settings) -> None:
        """End `job` with `error`, and on the server too where that harms no other job."""
        waiting = job.state is not State.RUNNING
        job.fail(error)
        await self._cancel_on_server(job, settings, waiting=waiting)
        self._set_deadline()

    async def abandon(self) -> None:
        """Give up every job, here and on the server.

        Of a stream that is dropped, the server takes the waiting jobs out of its queue and ends
        generators at their next value. Other functions run on until they are cancelled.
        """
        with anyio.move_on_after(self.link.settings.timeouts.cancel, shield=True):
            while self._demux.expecting:
                await self._calm.wait()  # the server may accept a job that nobody then cancels
            if self._reading:
                await self._opened.wait()  # a stream that never was cannot be dropped
            functions = self._demux.functions
            self.close()
            for fn_index in functions:
                await self._send_cancel(fn_index, "", self.link.settings)
        self.close()

    async def _cancel_on_server(self, job: Job, settings: Settings, *, waiting: bool) -> None:
        if job.event_id is None or self._demux.has_sibling(job):
            return
        if waiting and self.app.version_info < _TAKES_WAITING_JOBS:
            # It leaves the queue with its stream; else it is cancelled as soon as it starts.
            if self._grace < math.inf and not self._demux.wanted:
                await self.abandon()
            return
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            await self._send_cancel(job.fn_index, job.event_id, settings)

    async def _send_cancel(self, fn_index: int, event_id: str, settings: Settings) -> None:
        """Cancel what runs of the function; the end of the job `event_id` is told on the stream."""
        request = requests.cancel(self.app, fn_index, self.session_hash, event_id)
        try:
            await self.link.fetch(request, settings)
        except SpaceError as error:
            log.debug("the cancel of %s was not heard: %s", event_id or fn_index, error)

    def _read_on(self) -> None:
        self._set_deadline()
        if self._demux.pending and self._listens and not self._reading and not self.lost:
            self._reading = True
            self._opened = anyio.Event()
            self._group.start_soon(self._read)

    def _set_deadline(self) -> None:
        """Keep the stream while somebody waits, and for `grace` seconds after that."""
        if self._stream is None:
            return
        wanted, leaving = self._demux.wanted, self._stream.deadline < math.inf
        if wanted and leaving:
            self._stream.deadline = math.inf
        elif not wanted and not leaving:
            self._stream.deadline = anyio.current_time() + self._grace

    async def _read(self) -> None:
        try:
            while self._demux.pending and not self.lost:
                with anyio.CancelScope() as self._stream:
                    self._set_deadline()
                    await self._read_stream()
                if self._stream.cancelled_caught and not self.lost:
                    self._opened.set()
                    await self.abandon()
        finally:
            self._reading = False
            self._stream = None
            self._opened.set()

    async def _read_stream(self) -> None:
        request = requests.stream(self.app, self.session_hash)
        settings = self.link.settings
        self._demux.opening()
        try:
            async with AsyncExitStack() as stack:
                response = await retrying(
                    lambda: stack.enter_async_context(self.link.open(request)),
                    settings.retry,
                    idempotent=False,
                )
                texts = await stack.enter_async_context(
                    aclosing(events(response, limit=settings.limits.event))
                )
                self._opened.set()
                closed = await self._deliver(texts)
        except (TransportError, StatusError, JobLostError) as error:
            self._lose(error.message, cause=error)
        except SpaceError as error:
            self.end(partial(copy, error))
        else:
            if not closed and self._demux.pending:
                self._lose("the server ended the stream")

    async def _deliver(self, texts: AsyncIterator[str]) -> bool:
        """Hand every message to its job; whether the server said that it closes the stream."""
        closed = False
        async for text in texts:
            message = parse(text)
            closed = self._demux.feed(message) is Fed.CLOSES or closed
            if isinstance(message, ProcessStarts):
                self._cancel_late(self._demux.find(message.event_id))
            self._set_deadline()
        return closed

    def _cancel_late(self, job: Job | None) -> None:
        """Cancel a job that starts although its caller has gone."""
        if job is not None and job.ended:
            cancel = partial(self._cancel_on_server, waiting=False)
            self._group.start_soon(cancel, job, self.link.settings)

    def _lose(self, why: str, cause: SpaceError | None = None) -> None:
        def lost() -> SpaceError:
            error = JobLostError(f"the job was lost: {why}")
            error.__cause__ = cause
            return error

        self.end(lost)

    def end(self, error: Callable[[], SpaceError]) -> None:
        """End the channel, and every job on it with an error of its own."""
        self.lost = True
        self._demux.lose(error)

    def close(self) -> None:
        """End the channel and drop its stream."""
        self.end(lambda: JobCancelledError("the session was closed before the job was done"))
        if self._stream is not None:
            self._stream.cancel()


def _event_id(body: bytes) -> str:
    try:
        return JoinResponse.model_validate_json(body).event_id
    except ValueError as error:
        raise ProtocolError("the answer to the join has no event_id") from error
