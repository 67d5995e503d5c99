"""A job of a feed: it is submitted with one input, and takes further inputs."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from spacecall._client.calls.call_preparation import Prepare
from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.calls.queue_job import QueueJob
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core import feed_jobs
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.job_state import JobStatus
from spacecall._io.call_trace import tracing
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    DeadlineError,
    JobCancelledError,
    JobLostError,
    NotFoundError,
    SpaceError,
)

T = TypeVar("T")
R = TypeVar("R")


class FeedJob(QueueJob[T]):
    """A job of a feed, from its first input to its time limit.

    Args:
        outputs: the buffer of the feed.
        connection, prepared, settings, prepare, channel, start_time: see `QueueJob`.
    """

    _core: feed_jobs.FeedJob

    def __init__(
        self,
        outputs: EventBuffer,
        connection: Connection,
        prepared: PreparedCall[T],
        settings: Settings,
        prepare: Prepare[T],
        *,
        channel: Channel,
        start_time: float,
    ) -> None:
        self._outputs = outputs
        self._is_left = False
        self._work_scope = anyio.CancelScope()
        super().__init__(
            connection,
            prepared,
            settings,
            prepare,
            channel=channel,
            follow=True,
            reads_stream=True,
            start_time=start_time,
        )

    def _create_core(self) -> feed_jobs.FeedJob:
        return feed_jobs.FeedJob(
            self._outputs,
            self._prepared.endpoint.fn_index,
            sends_diffs=self._generation.sends_diffs,
            limits=self._settings.limits,
            notify=self._on_change,
            on_values=self._on_values(),
            trace=self._trace,
        )

    async def wait_accepted(self) -> None:
        """Wait until the job is in the queue.

        Raises:
            SpaceError: the job ended with an error.
        """
        await self._wait_until(
            lambda: self._core.status not in (JobStatus.UPLOADING, JobStatus.JOINING)
        )

    async def wait_ready(self) -> None:
        """Wait for the value of the last input. Raises as `wait_accepted`."""
        await self._wait_until(lambda: self._core.is_ready)

    async def wait_change(self) -> None:
        """Wait until anything changes; abort the job when its deadline has passed."""
        if not self._try_resubmit():
            await self._wait()

    async def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        while not is_reached():
            await self.wait_change()
        self.check()

    @property
    def done(self) -> bool:
        """Whether the job has ended with all of its values, or with an error."""
        return self._core.ended and not self._core.needs_resubmit

    @property
    def failure(self) -> Exception | None:
        """The error that the job ended with."""
        return self._failure

    def check(self) -> None:
        """Raise the error that the job ended with, if it did."""
        if self.failure is not None:
            raise self.failure

    def decode(self, values: list[Any]) -> T:
        """Return the caller's value for the raw values of an output."""
        return self._decode_values(values)

    async def send(self, prepared: PreparedCall[T], prepare: Prepare[T]) -> bool:
        """Send the next input, when the job is ready; return False if the job has ended.

        Raises:
            SpaceError: the input could not be sent. If the app may have got it, the job ends.
        """
        core, channel = self._core, self._channel
        with tracing(self._trace):
            inputs = await self._upload(prepared)
            if core.ended:
                return False
            self._prepared, self._prepare = prepared, prepare
            core.begin_input()
            self._enter_phase("run")
            accepted = False
            try:
                await self._run_in_time(
                    channel.send_input(core, prepared.endpoint, inputs, self._settings)
                )
                accepted = True
            except NotFoundError:  # it reached its time limit
                pass
            except SpaceError as error:
                await self._abort(error)
                raise self._public_error(error) from error.__cause__
            except BaseException:
                await self._abort(_interrupted_error())
                raise
            finally:
                core.end_input(accepted=accepted)
            if not accepted:
                await self._wait_for_end()
            self._try_resubmit()
        return accepted

    async def _upload(self, prepared: PreparedCall[T]) -> JobInputs:
        """Return the encoded inputs, after the upload of their files; `Timeouts.total` holds."""
        self._enter_phase("upload")
        try:
            return await self._run_in_time(self._encode_inputs(prepared))
        except DeadlineError as error:
            await self._abort(error)
            raise self._public_error(error) from None

    async def _run_in_time(self, work: Awaitable[R]) -> R:
        """Await `work`.

        Raises:
            DeadlineError: the deadline of the phase, or of the whole stream, has passed.
            JobCancelledError: the block of the stream was left.
        """
        deadline, make_error = self._deadline()
        with anyio.CancelScope(deadline=deadline) as self._work_scope:
            return await work
        if self._is_left:
            raise JobCancelledError("the stream was left while an input was sent")
        raise make_error()

    async def _wait_for_end(self) -> None:
        """Wait for the end of a job that the server does not have any more.

        Raises:
            JobLostError: the server does not report the end.
        """
        timeouts = self._settings.timeouts
        with anyio.move_on_after(min(timeouts.connect or math.inf, timeouts.run or math.inf)):
            await self._wait_until(lambda: self._core.ended)
            return
        await self._abort(JobLostError("the app does not know the job of the stream any more"))
        self.check()

    async def finish(self) -> None:
        """End the job when it is ready, here and on the server."""
        await self.wait_ready()
        await self.leave()

    async def leave(self) -> None:
        """End the job, here and on the server; an input that another task sends is cancelled."""
        self._is_left = True
        self._work_scope.cancel()
        core = self._core
        if core.ended or not core.awaits_input:
            await self.cancel()
            return
        core.release()
        with tracing(self._trace):
            await self._channel.release(core, self._settings)

    def _seconds_of_phase(self) -> float:
        if self._core.awaits_input:
            return math.inf  # the next input is the caller's to send
        return super()._seconds_of_phase()

    def _try_resubmit(self) -> bool:
        """Submit the last input as a new job, if the app ended the job without running it.

        Raises:
            RuntimeError: the Space or the session is closed.
        """
        if not self._core.needs_resubmit:
            return False
        self._connection.check_open()
        self._channel.check_open()
        self._reset(self._session)
        self.start()
        return True


def _interrupted_error() -> SpaceError:
    return JobCancelledError("the task was cancelled while it sent an input")
