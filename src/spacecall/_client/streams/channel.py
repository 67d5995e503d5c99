"""One session of the app: joins, cancels, and the stream that tells what became of the jobs."""

from __future__ import annotations

import math
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import anyio

from spacecall._client.concurrency.task_errors import suppress_cancel_errors
from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._client.streams.stream_reader import StreamReader
from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig, Dependency
from spacecall._core.demux import Demultiplexer
from spacecall._core.job_state import State
from spacecall._core.jobs import Job
from spacecall._core.protocol_versions import generation
from spacecall._io.app_http_client import Link
from spacecall._io.request_settings import Settings
from spacecall._wire.join import JoinResponse
from spacecall.errors import (
    AppRestartedError,
    JobCancelledError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    SpaceError,
)

# Seconds. A job that has left the queue and has not begun yet is out of reach of everything.
CANCEL_REPEAT_DELAY = 0.2


class Channel:
    """Joins and cancels on one session, and its one reader.

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
        group: BackgroundTasks,
        *,
        session_hash: str | None = None,
        grace: float = 2.0,
        listens: bool = True,
    ) -> None:
        self.link = link
        self.app = app
        self.session_hash = session_hash or secrets.token_hex(8)
        link.hide(self.session_hash)
        self._group = group
        self._keeps = grace == math.inf
        self._listens = listens
        self._demux = Demultiplexer(link.settings.limits, self._cancel_late)
        self._grace = grace
        self._reader = self._new_reader()
        self._new = session_hash is None
        self._left = False
        self._cancelling: list[int] = []
        self._calm = anyio.Event()

    def _new_reader(self) -> StreamReader:
        return StreamReader(
            self.link,
            gradio_requests.stream(self.app, self.session_hash),
            self._demux,
            self._group,
            says_close=generation(self.app.protocol).says_close,
            grace=self._grace,
            unwanted=self.abandon,
        )

    def check_open(self) -> None:
        """Raise RuntimeError once the session has been left."""
        if self._left:
            raise RuntimeError(
                "the session is closed: make calls inside its async with block, or open another"
            )

    async def leave(self) -> None:
        """End what runs on it; nothing is sent over it any more."""
        self._left = True
        await self.abandon()

    @contextmanager
    def sending(self) -> Generator[None]:
        """While inside, a job is sent: the server knows the session from then on."""
        new, self._new = self._new, False
        try:
            yield
        except AppRestartedError:
            self._new = new  # it was not sent
            raise

    def move_to(self, app: AppConfig) -> bool:
        """Go on with `app`; False if it is another run, which has no State of the session."""
        if self._new and app is not self.app:
            self.app = app
            self._reader = self._new_reader()
        return app is self.app

    @property
    def lost(self) -> bool:
        """Whether the stream was lost, and the channel with it."""
        return self._reader.lost

    @property
    def spent(self) -> bool:
        """Whether no further call of a stranger may meet what happened here."""
        return self.lost or self._demux.altered

    @property
    def kept_cookies(self) -> dict[str, str]:
        """What leads to the replica that has the session; who goes on with it logs in again."""
        cookies = self.link.cookies
        return {name: cookies[name] for name in cookies if not name.startswith("access-token")}

    @property
    def load(self) -> int:
        """Jobs on this channel."""
        return self._demux.load

    @property
    def available(self) -> bool:
        """Whether a job may join: it would meet no cancel, nor a stream about to be dropped."""
        staying = not self._reader.reading or self._demux.wanted
        return staying and not self.spent and not self._cancelling

    def expect(self, job: Job) -> None:
        """`job` is about to join: it is spared from cancels, and the stream is kept."""
        self._demux.expect(job)
        self._reader.reconsider()

    @contextmanager
    def expecting(self, job: Job) -> Generator[None]:
        """While inside, `job` prepares to join, and joins."""
        self.expect(job)
        try:
            yield
        finally:
            self._demux.joined(job)
            self._reader.reconsider()
            self._settle()

    async def join(
        self, job: Job, endpoint: Dependency, data: Sequence[Any], settings: Settings
    ) -> None:
        """Put `job` into the app's queue and have its messages read.

        A job that is ended meanwhile (its caller was cancelled) is not sent; or, if it was on its
        way, cancelled on the server as soon as its id is known.

        Raises:
            SpaceError: the server did not accept the job, or nobody knows.
            ProtocolError: it gave the job the id of another one, see `adopt`.
        """
        while job.fn_index in self._cancelling:
            await self._calm.wait()  # that cancel would kill this job too
        if self.lost:
            raise JobLostError("the session has lost its stream: open another", sent=False)
        request = gradio_requests.join(self.app, endpoint, data, self.session_hash)
        headers = settings.join_headers()
        self._demux.joining(job)
        answer = await self.link.fetch(request, settings, headers=headers, sending=job.sending)
        self.adopt(job, _event_id(answer.body))
        if self.lost:
            job.fail(JobLostError("the session lost its stream while the job was joining"))
            await self._send_cancel(job.fn_index, "", settings)
        elif job.ended and not self._listens:
            self._demux.joined(job)
            await self.abandon()

    def adopt(self, job: Job, event_id: str) -> None:
        """Read the messages of a job that the server has.

        One that is left to be collected is not read; given up, it has to be, to be cancelled.

        Raises:
            ProtocolError: another job of the session has that id; it ends with such an error too.
        """
        self._demux.accept(job, event_id)
        if self._listens or job.ended:
            self._reader.start()

    async def opened(self) -> None:
        """Wait until the stream is open, if it is being opened."""
        await self._reader.opened()

    async def cancel(self, job: Job, error: SpaceError, settings: Settings) -> None:
        """End `job` with `error`, and on the server too where that harms no other job.

        Before 6.14 a /cancel tells that a waiting job is done, and lets it run when its turn comes.
        So a waiting job leaves the queue together with its stream, if nobody else needs that; and
        otherwise it is cancelled as soon as it starts.
        """
        waiting = job.state is not State.RUNNING
        job.fail(error)
        if not waiting:
            await self._cancel_running(job, settings)
        elif not self._keeps and not self._demux.wanted:
            await self.abandon()
        self._reader.reconsider()

    async def abandon(self) -> None:
        """Give up every job, here and on the server.

        Of a stream that is dropped, the server takes the waiting jobs out of its queue and ends
        generators at their next value. Other functions run on until they are cancelled.
        """
        settings = self.link.settings
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            while self._demux.expecting:
                await self._calm.wait()  # the server may accept a job that nobody then cancels
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            if self._demux.pending:
                await self._cancel_all(settings)
        self._reader.drop(_closed)

    async def _cancel_all(self, settings: Settings) -> None:
        await self._reader.opened()  # a stream that never was cannot be dropped
        functions = self._demux.functions
        self._reader.drop(_closed)
        for pause in (0, CANCEL_REPEAT_DELAY):
            await anyio.sleep(pause)
            for fn_index, event_ids in functions.items():
                await self._send_cancel(fn_index, "", settings, event_ids)

    def _cancel_late(self, job: Job) -> None:
        """Cancel a job that starts although its caller has gone."""
        self._group.start_soon(self._cancel_running, job, self.link.settings)

    async def _cancel_running(self, job: Job, settings: Settings) -> None:
        if job.event_id is not None and not self._demux.has_sibling(job):
            with anyio.move_on_after(settings.timeouts.cancel, shield=True):
                await self._send_cancel(job.fn_index, job.event_id, settings, [job.event_id])

    async def _send_cancel(
        self, fn_index: int, event_id: str, settings: Settings, jobs: Sequence[str] = ()
    ) -> None:
        """Cancel what runs of the function; the end of the job `event_id` is told on the stream.

        Args:
            jobs: those that are meant, for a server that ends jobs one by one.
        """
        request = gradio_requests.cancel(self.app, fn_index, self.session_hash, event_id)
        self._cancelling.append(fn_index)
        try:
            with suppress_cancel_errors(event_id or fn_index):
                try:
                    await self.link.fetch(request, settings)
                except NotFoundError:
                    for one in jobs:
                        await self.link.fetch(gradio_requests.reset(self.app, one), settings)
        finally:
            self._cancelling.remove(fn_index)
            self._settle()

    def _settle(self) -> None:
        """Wake who waits for joins or cancels to be over."""
        self._calm.set()
        self._calm = anyio.Event()


def _closed() -> SpaceError:
    return JobCancelledError("the session was closed before the job was done")


def _event_id(body: bytes) -> str:
    try:
        return JoinResponse.model_validate_json(body).event_id
    except ValueError as error:
        raise ProtocolError("the answer to the join has no event_id") from error
