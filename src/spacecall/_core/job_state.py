"""The state of a running call: its status, the events for its consumer, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from spacecall._core.event_buffer import EventBuffer
from spacecall.errors import BufferFullError, JobCancelledError
from spacecall.events import (
    Completed,
    Event,
    Log,
    Output,
    Progress,
    Queued,
    Started,
    Status,
    StatusPhase,
    Uploading,
    UsedCache,
)
from spacecall.options import Limits


class JobStatus(Enum):
    """The phase that a job is in. `ENDED` is final: later messages are ignored."""

    UPLOADING = "uploading"
    JOINING = "joining"
    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


_PHASES: Final[dict[JobStatus, StatusPhase]] = {
    JobStatus.UPLOADING: "uploading",
    JobStatus.JOINING: "joining",
    JobStatus.QUEUED: "queued",
    JobStatus.RUNNING: "running",
}


class JobState:
    """The state of one call, whichever exchange runs it: the queue, a request or a service.

    Args:
        follow: whether a consumer reads the events. Otherwise only the outcome is stored.
        limits: the limits of the events in the buffer.
        notify: called after each change of the status, the events or the outcome.
        every_output: whether no event is dropped, see `EventBuffer`.

    Attributes:
        is_awaited: whether `notify` is called for events too. The status and the outcome are always
            reported.
    """

    __slots__ = (
        "_newest",
        "_notify",
        "_outputs",
        "buffer",
        "error",
        "follow",
        "is_awaited",
        "status",
        "values",
    )

    def __init__(
        self,
        *,
        follow: bool,
        limits: Limits,
        notify: Callable[[], None],
        every_output: bool = False,
    ) -> None:
        self.follow = follow
        self.buffer = EventBuffer(
            limits.max_buffered_events, limits.max_buffered_bytes, every_output=every_output
        )
        self.is_awaited = True
        self.status = JobStatus.UPLOADING
        self._newest: dict[type, Any] = {}
        self._outputs = 0
        self.values: list[Any] | None = None
        self.error: Exception | None = None
        self._notify = notify

    @property
    def ended(self) -> bool:
        """Whether there is an outcome: `values`, or `error`."""
        return self.status is JobStatus.ENDED

    def read_status(self) -> Status:
        """Return what is known of the call; the events stay in the buffer."""
        completed: Completed[Any] | None = self._newest.get(Completed)
        return Status(
            phase=self._read_phase(),
            uploading=self._newest.get(Uploading),
            queued=self._newest.get(Queued),
            started=self._newest.get(Started),
            progress=self._newest.get(Progress),
            log=self._newest.get(Log),
            outputs=self._outputs,
            conflated=self.buffer.conflated,
            used_cache=completed.used_cache if completed is not None else None,
        )

    def _read_phase(self) -> StatusPhase:
        if not self.ended:
            return _PHASES[self.status]
        if self.error is None:
            return "done"
        return "cancelled" if isinstance(self.error, JobCancelledError) else "failed"

    def pop_event(self) -> Event[Any] | None:
        """Remove and return the oldest event for the consumer, or None if there is none.

        Raises:
            ProtocolError: an output cannot be built of what the server sent.
        """
        return self.buffer.pop()

    def advance(self, status: JobStatus) -> None:
        """Set a status that the client itself observes: uploaded, joined, or running."""
        if not self.ended:
            self.status = status
            self._notify()

    def emit(self, event: Any, size: int = 0) -> None:
        """Add an event for the consumer, which was parsed from `size` bytes."""
        if self.follow and not self.ended:
            self._push(event, size)
            if self.is_awaited or self.ended:
                self._notify()

    def succeed(
        self,
        values: list[Any],
        duration: float | None = None,
        size: int = 0,
        used_cache: UsedCache | None = None,
    ) -> None:
        """End with the raw output values, which were parsed from `size` bytes."""
        if self.ended:
            return
        self.values = values
        if self.follow:
            self._push(Completed(values, duration, used_cache), size)
        self._end()

    def fail(self, error: Exception) -> None:
        """End with an error, unless the call has ended already."""
        if self.ended:
            return
        self.error = error
        self._end()

    def _push(self, event: Event[Any], size: int) -> None:
        """Add an event to the buffer, or end with an error if the buffer is full."""
        if isinstance(event, Output):
            self._outputs += 1
        else:
            self._newest[type(event)] = event
        try:
            self.buffer.push(event, size)
        except BufferFullError as error:
            if self.ended:  # the last value of a feed
                self.error = error
            self.fail(error)

    def _end(self) -> None:
        self.status = JobStatus.ENDED
        self._notify()
