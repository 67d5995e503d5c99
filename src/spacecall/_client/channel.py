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
from spacecall._core.jobs import Job
from spacecall._core.messages import parse
from spacecall._io.link import Link
from spacecall._io.retry import retrying
from spacecall._io.settings import Settings
from spacecall._io.sse import events
from spacecall._wire.join import JoinResponse
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
            await self._cancel_on_server(job, settings)
        self._read_on()

    def adopt(self, job: Job, event_id: str) -> None:
        """Read the messages of a job that was joined earlier, maybe by another process."""
        self._demux.accept(job, event_id)
        self._read_on()

    async def cancel(self, job: Job, error: SpaceError, settings: Settings) -> None:
        """End `job` with `error`, and on the server too where that harms no other job."""
        job.fail(error)
        await self._cancel_on_server(job, settings)
        self._set_deadline()

    async def _cancel_on_server(self, job: Job, settings: Settings) -> None:
        if job.event_id is None or self._demux.has_sibling(job):
            return
        request = requests.cancel(self.app, job.fn_index, self.session_hash, job.event_id)
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            try:
                await self.link.fetch(request, settings)
            except SpaceError as error:
                log.debug("the cancel of %s was not heard: %s", job.event_id, error)

    def _read_on(self) -> None:
        self._set_deadline()
        if self._demux.pending and self._listens and not self._reading and not self.lost:
            self._reading = True
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
                    # Dropping the stream makes the server cancel what still runs on it.
                    self._lose("nobody waited for the job any more")
        finally:
            self._reading = False
            self._stream = None

    async def _read_stream(self) -> None:
        request = requests.stream(self.app, self.session_hash)
        settings = self.link.settings
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
            closed = self._demux.feed(parse(text)) is Fed.CLOSES or closed
            self._set_deadline()
        return closed

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
        """End the channel and drop its stream, which makes the server cancel what still runs."""
        self.end(lambda: JobCancelledError("the session was closed before the job was done"))
        if self._stream is not None:
            self._stream.cancel()


def _event_id(body: bytes) -> str:
    try:
        return JoinResponse.model_validate_json(body).event_id
    except ValueError as error:
        raise ProtocolError("the answer to the join has no event_id") from error
