"""One session of an app: joins and cancels jobs, and reads the stream that reports them."""

from __future__ import annotations

import math
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final
from weakref import ref

import anyio

from spacecall._client.concurrency.task_errors import suppress_cancel_errors
from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._client.streams.heartbeat import Heartbeat
from spacecall._client.streams.stream_reader import StreamReader
from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.json_values import as_dict, parse_json
from spacecall._core.message_routing import Demultiplexer
from spacecall._core.protocol_versions import find_protocol_version
from spacecall._core.session_components import SessionComponents
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.call_trace import CallTrace, tracing
from spacecall._io.interceptor import active_interceptor
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    AppRestartedError,
    JobCancelledError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    SpaceError,
)

# Seconds. A cancel misses a job that has left the queue and has not started: repeat it later.
CANCEL_REPEAT_DELAY = 0.2
_NO_EVENT_ID: Final = (
    "the response to /queue/join has no event_id: is a proxy between you and the app?"
)

_SESSION_LOST: Final = (
    "the stream of this session broke: open another with space.session(), or "
    "space.session(session_hash=…) for the same State, as long as the app keeps it"
)
_STREAM_LOST: Final = "the stream of the call broke before the job was submitted: call again"


class Channel:
    """One session: joins and cancels its jobs, and reads its one stream.

    The jobs of a session are not independent: a broken stream ends all of them, and a cancel ends
    every running job of the same function. A channel whose stream was lost is never used again,
    since the server may not have removed that session yet.

    Args:
        app_client: sends the requests; it has cookies of its own.
        app: the app's /config.
        tasks: run the stream's reader and late cancels; they outlive the channel.
        session_hash: of an earlier session, to continue it; by default a new one.
        grace: seconds for which the stream stays open when nobody waits for its jobs any more;
            `math.inf` keeps it open.
        reads_stream: whether to read the stream at once; False for a job that is detached.

    Attributes:
        components: those that calls of the session have changed.
    """

    def __init__(
        self,
        app_client: AppHttpClient,
        app: AppConfig,
        tasks: BackgroundTasks,
        *,
        session_hash: str | None = None,
        grace: float = 2.0,
        reads_stream: bool = True,
    ) -> None:
        self.app_client = app_client
        self.app = app
        self.components = SessionComponents(app_client.settings.limits.max_body_bytes)
        self.session_hash = session_hash or secrets.token_hex(8)
        app_client.hide(self.session_hash)
        self._tasks = tasks
        self._keeps_stream = grace == math.inf
        self._reads_stream = reads_stream
        self._demux = Demultiplexer(app_client.settings.limits, self._cancel_late)
        self._grace = grace
        self._reader = self._new_reader()
        self._heartbeat = self._new_heartbeat()
        self._is_new = session_hash is None
        self._closed = False
        self._cancelling: list[int] = []
        self._idle = anyio.Event()

    def _new_reader(self) -> StreamReader:
        return StreamReader(
            self.app_client,
            gradio_requests.stream(self.app, self.session_hash),
            self._demux,
            self._tasks,
            announces_close=find_protocol_version(self.app.protocol).announces_close,
            grace=self._grace,
            on_idle=self.cancel_all,
        )

    def _new_heartbeat(self) -> Heartbeat | None:
        """Return the heartbeat of a session; None if the app does not need it.

        A recording has none: it would be a stream that lasts as long as the session.
        """
        if not (self._keeps_stream and self.app.connect_heartbeat) or active_interceptor():
            return None
        request = gradio_requests.heartbeat(self.app, self.session_hash)
        reference = ref(self)
        return Heartbeat(self.app_client, request, self._tasks, lambda: reference() is not None)

    @property
    def has_heartbeat(self) -> bool:
        """Whether the server has to be told that the session ends."""
        return self._heartbeat is not None and self._heartbeat.is_held

    def check_open(self) -> None:
        """Raise RuntimeError if the session is closed."""
        if self._closed:
            raise RuntimeError(
                "the session is closed: make calls inside its with block, or open another"
            )

    async def close(self) -> None:
        """Cancel every job, and end the session on the server; it takes no more calls."""
        self._closed = True
        await self.cancel_all()
        if self._heartbeat is not None:
            await self._heartbeat.close()

    @contextmanager
    def sending(self) -> Generator[None]:
        """Send a job inside: from then on the server has the session."""
        is_new, self._is_new = self._is_new, False
        if self._heartbeat is not None:
            self._heartbeat.start()
        try:
            yield
        except AppRestartedError:
            self._is_new = is_new  # nothing was sent
            raise

    def try_move_to(self, app: AppConfig) -> bool:
        """Continue with `app` after a restart; return False if the old run had the State."""
        if self._is_new and app is not self.app:
            self.app = app
            self._reader = self._new_reader()
            self._heartbeat = self._new_heartbeat()
        return app is self.app

    @property
    def lost(self) -> bool:
        """Whether the stream was lost: the channel takes no more jobs."""
        return self._reader.lost

    @property
    def has_state(self) -> bool:
        """Whether an open session has sent a job, so that the server may hold its State."""
        return not (self._is_new or self._closed)

    @property
    def is_retired(self) -> bool:
        """Whether the pool must not use the channel for further calls."""
        return self.lost or self._demux.components_changed

    @property
    def stream_seconds(self) -> float:
        """For how many seconds the stream has been open without an end."""
        return self._reader.seconds

    @property
    def session_cookies(self) -> dict[str, str]:
        """The cookies that route to the replica which has the session, without login cookies."""
        return self.app_client.login.other_cookies

    @property
    def active_jobs(self) -> int:
        """The number of jobs on this channel, including reserved ones."""
        return self._demux.active_jobs

    @property
    def is_available(self) -> bool:
        """Whether a job may join: no cancel is running, and the stream is not about to close."""
        stays_open = not self._reader.is_reading or self._demux.has_waiters
        return stays_open and not self.is_retired and not self._cancelling

    def reserve(self, job: Job) -> None:
        """Note that `job` will join: no cancel may end it, and the stream stays open for it."""
        self._demux.reserve(job)
        self._reader.update_idle_deadline()

    @contextmanager
    def reserved(self, job: Job) -> Generator[None]:
        """Reserve the channel for `job` inside, where it prepares to join and joins."""
        self.reserve(job)
        try:
            yield
        finally:
            self._demux.end_join(job)
            self._reader.update_idle_deadline()
            self._notify_idle()

    async def join(
        self, job: Job, endpoint: Dependency, inputs: JobInputs, settings: Settings
    ) -> None:
        """Put `job` into the app's queue and read its messages.

        If the job ends meanwhile because its caller was cancelled, it is not sent; or, if the
        request was under way, it is cancelled on the server as soon as its id is known.

        Raises:
            SpaceError: the server did not accept the job, or it is unknown whether it did.
            ProtocolError: the server gave the job the id of another job, see `attach`.
        """
        while job.fn_index in self._cancelling:
            await self._idle.wait()  # that cancel would end this job too
        if self.lost:
            raise JobLostError(_SESSION_LOST if self._keeps_stream else _STREAM_LOST, sent=False)
        request = gradio_requests.join(self.app, endpoint, inputs, self.session_hash)
        headers = settings.join_headers()
        self._demux.begin_join(job)
        answer = await self.app_client.fetch(
            request, settings, headers=headers, around_attempt=job.submission
        )
        self.attach(job, _event_id(answer.body))
        if self.lost:
            job.fail(JobLostError("the stream broke while the job was joining"))
            await self._send_cancel(job.fn_index, "", settings)
        elif job.ended and not self._reads_stream:
            self._demux.end_join(job)
            await self.cancel_all()
        elif endpoint.streaming_input and not self._reads_stream:
            with anyio.move_on_after(settings.timeouts.cancel):
                await self._close_input(job, settings)  # nobody reads its first value, to end it

    def attach(self, job: Job, event_id: str) -> None:
        """Read the messages of a job that the server has.

        The stream of a detached job is not read, unless the job has ended here and therefore has
        to be cancelled on the server.

        Raises:
            ProtocolError: another job of the session has that id. It ends with this error too.
        """
        self._demux.accept(job, event_id)
        if self._reads_stream or job.ended:
            self._reader.start()

    async def wait_opened(self) -> None:
        """Wait until the stream is open, if it is being opened."""
        await self._reader.wait_opened()

    async def cancel(self, job: Job, error: SpaceError, settings: Settings) -> None:
        """End `job` with `error`, and on the server too if that affects no other job.

        Before Gradio 6.14 a /cancel reports a waiting job as done, but the job still runs when its
        turn comes. Closing the stream does take waiting jobs out of the queue, so the stream is
        closed if no other job needs it. Otherwise the job is cancelled as soon as it starts.
        """
        is_waiting = job.status is not JobStatus.RUNNING
        job.fail(error)
        if not is_waiting:
            await self._cancel_running(job, settings)
        elif not self._keeps_stream and not self._demux.has_waiters:
            await self.cancel_all()
        self._reader.update_idle_deadline()

    async def cancel_all(self) -> None:
        """Cancel every job, here and on the server, and close the stream.

        When its stream closes, the server takes the waiting jobs out of its queue and ends
        generators at their next value. Other functions run on until they are cancelled.
        """
        settings = self.app_client.settings
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            while self._demux.has_reserved:
                await self._idle.wait()  # a job accepted later would not be cancelled
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            if self._demux.has_jobs:
                await self._cancel_pending(settings)
        self._reader.close(_closed_error)

    async def _cancel_pending(self, settings: Settings) -> None:
        await self._reader.wait_opened()  # the server ends jobs only with an open stream
        functions = self._demux.event_ids_by_function
        self._reader.close(_closed_error)
        for pause in (0, CANCEL_REPEAT_DELAY):
            await anyio.sleep(pause)
            for fn_index, event_ids in functions.items():
                await self._send_cancel(fn_index, "", settings, event_ids)

    def abandon(self, job: Job) -> None:
        """Cancel a job that has ended here, in the background, if the server still has it."""
        if self._demux.has_job(job):
            self._cancel_late(job)

    def _cancel_late(self, job: Job) -> None:
        """Cancel a job that starts after its caller stopped waiting for it."""
        self._tasks.start_soon(self._cancel_for_call, job)

    async def _cancel_for_call(self, job: Job) -> None:
        with tracing(job.trace) if isinstance(job.trace, CallTrace) else nullcontext():
            await self._cancel_running(job, self.app_client.settings)

    async def _cancel_running(self, job: Job, settings: Settings) -> None:
        if job.event_id is None:
            return
        with anyio.move_on_after(settings.timeouts.cancel, shield=True):
            if not self._demux.has_sibling(job):
                await self._send_cancel(job.fn_index, job.event_id, settings, [job.event_id])
            elif job.awaits_input:
                await self._close_input(job, settings)

    async def send_input(
        self, job: Job, endpoint: Dependency, inputs: JobInputs, settings: Settings
    ) -> None:
        """Send a further input to a job that takes a stream.

        Raises:
            NotFoundError: the server does not have the job any more (6.x).
            SpaceError: it is unknown whether the server took the input.
        """
        request = gradio_requests.send_input(
            self.app, endpoint, inputs, self.session_hash, job.event_id or ""
        )
        await self.app_client.fetch(request, settings, headers=settings.join_headers())

    async def release(self, job: Job, settings: Settings) -> None:
        """End a job on the server that has ended here, and waits for input."""
        await self._cancel_running(job, settings)
        self._reader.update_idle_deadline()

    async def _close_input(self, job: Job, settings: Settings) -> None:
        """Tell the server that a job which takes a stream gets no further input."""
        event_id = job.event_id or ""
        with suppress_cancel_errors(self.app_client.observer(settings), event_id):
            await self.app_client.fetch(gradio_requests.close_input(self.app, event_id), settings)

    async def _send_cancel(
        self, fn_index: int, event_id: str, settings: Settings, event_ids: Sequence[str] = ()
    ) -> None:
        """Cancel the running jobs of a function; the stream then reports that `event_id` ended.

        Args:
            event_ids: the jobs to end, for a server that ends jobs one by one (no /cancel).
        """
        request = gradio_requests.cancel(self.app, fn_index, self.session_hash, event_id)
        self._cancelling.append(fn_index)
        try:
            subject = event_id or f"function {fn_index}"
            with suppress_cancel_errors(self.app_client.observer(settings), subject):
                try:
                    await self.app_client.fetch(request, settings)
                except NotFoundError:
                    for job_id in event_ids:
                        await self.app_client.fetch(
                            gradio_requests.reset(self.app, job_id), settings
                        )
        finally:
            self._cancelling.remove(fn_index)
            self._notify_idle()

    def _notify_idle(self) -> None:
        """Wake the tasks that wait for joins or cancels to end."""
        self._idle.set()
        self._idle = anyio.Event()


def _closed_error() -> SpaceError:
    return JobCancelledError("the session was closed before the job was done")


def _event_id(body: bytes) -> str:
    try:
        event_id = as_dict(parse_json(body)).get("event_id")
    except (ValueError, RecursionError) as error:
        raise ProtocolError(_NO_EVENT_ID) from error
    if not isinstance(event_id, str):
        raise ProtocolError(_NO_EVENT_ID)
    return event_id
