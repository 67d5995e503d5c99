"""A job of a feed: it is submitted with one input, and takes further inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import anyio

from spacecall._client.calls.call_preparation import Prepare
from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.calls.queue_job import QueueJob
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core import feed_jobs
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.job_state import JobStatus
from spacecall._io.call_trace import tracing
from spacecall._io.request_settings import Settings
from spacecall.errors import JobCancelledError, JobLostError, NotFoundError, SpaceError

T = TypeVar("T")


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
        await self._wait()

    async def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        while not is_reached():
            await self._wait()
        self.check()

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

    async def send(self, prepared: PreparedCall[T]) -> bool:
        """Send the next input, when the job is ready; return False if the job has ended.

        Raises:
            SpaceError: the input could not be sent. If the app may have got it, the job ends.
        """
        core, channel = self._core, self._channel
        with tracing(self._trace):
            inputs = await self._encode_inputs(prepared)
            if core.ended:
                return False
            core.begin_input()
            self._enter_phase("run")
            accepted = False
            try:
                await channel.send_input(core, prepared.endpoint, inputs, self._settings)
                accepted = True
            except NotFoundError:  # it reached its time limit
                pass
            except BaseException as error:
                await self._abort(error if isinstance(error, SpaceError) else _interrupted_error())
                raise
            finally:
                core.end_input(accepted=accepted)
            if not accepted:
                await self._wait_for_end()
        return accepted

    async def _wait_for_end(self) -> None:
        """Wait for the end of a job that the server does not have any more.

        Raises:
            JobLostError: the server does not report the end.
        """
        with anyio.move_on_after(self._settings.timeouts.connect):
            await self._wait_until(lambda: self._core.ended)
            return
        await self._abort(JobLostError("the app does not know the job of the stream any more"))
        self.check()

    async def finish(self) -> None:
        """End the job when it is ready, here and on the server."""
        await self.wait_ready()
        await self.leave()

    async def leave(self) -> None:
        """End the job, here and on the server."""
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
        return False


def _interrupted_error() -> SpaceError:
    return JobCancelledError("the task was cancelled while it sent an input")
