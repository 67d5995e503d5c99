"""A job that was joined earlier, maybe by another process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import anyio

from spacecall._client.calls.queue_job import QueueJob
from spacecall.errors import JobLostError, SpaceError

T = TypeVar("T")


class CollectedJob(QueueJob[T]):
    """A job whose stream is all that is left: what the server kept of it comes when that is opened.

    Of a job that the server does not know nothing ever comes, and the stream stays open.
    """

    _heard_by = math.inf

    def adopt(self, event_id: str) -> None:
        """Open the stream of the job that the server calls `event_id`, in the background."""
        self._connection.jobs.add(self)
        self._channel.adopt(self._core, event_id)
        self._connection.tasks.start_soon(self._listen)

    async def _listen(self) -> None:
        await self._channel.opened()
        self._heard_by = anyio.current_time() + (self._settings.timeouts.connect or math.inf)
        self._on_change()

    def _deadline(self) -> tuple[float, Callable[[], SpaceError]]:
        deadline, late = super()._deadline()
        if self._heard_by < deadline and not self._core.heard:
            return self._heard_by, _unknown
        return deadline, late

    def _resubmitted(self) -> bool:
        return False


def _unknown() -> SpaceError:
    return JobLostError("the server has nothing for the job: was it collected before?")
