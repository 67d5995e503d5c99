"""A job that was detached earlier, perhaps by another process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import anyio

from spacecall._client.calls.queue_job import QueueJob
from spacecall.errors import JobLostError, SpaceError

T = TypeVar("T")


class CollectedJob(QueueJob[T]):
    """A detached job, of which the server sends the stored messages when its stream is opened.

    For a job that the server does not have, nothing ever comes and the stream stays open. The job
    therefore fails if no message comes within `Timeouts.connect` after the stream was opened.
    """

    _first_message_deadline = math.inf

    def attach(self, event_id: str) -> None:
        """Open the stream of the job `event_id`, in the background."""
        self._connection.jobs.add(self)
        self._channel.attach(self._core, event_id)
        self._connection.tasks.start_soon(self._await_stream)

    async def _await_stream(self) -> None:
        await self._channel.wait_opened()
        self._first_message_deadline = anyio.current_time() + (
            self._settings.timeouts.connect or math.inf
        )
        self._on_change()

    def _deadline(self) -> tuple[float, Callable[[], SpaceError]]:
        deadline, make_error = super()._deadline()
        if self._first_message_deadline < deadline and not self._core.has_messages:
            return self._first_message_deadline, _unknown_job_error
        return deadline, make_error

    def _try_resubmit(self) -> bool:
        return False


def _unknown_job_error() -> SpaceError:
    return JobLostError("the server has nothing for the job: was it collected before?")
