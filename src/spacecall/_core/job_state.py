"""The state of a running call: its status, the events for its consumer, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from spacecall._core.event_buffer import EventBuffer
from spacecall.events import Completed
from spacecall.options import Limits


class JobStatus(Enum):
    """The phase that a job is in. `ENDED` is final: later messages are ignored."""

    UPLOADING = "uploading"
    JOINING = "joining"
    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


class JobState:
    """The state of one call, whichever exchange runs it: the queue, a request or a service.

    Args:
        follow: whether a consumer reads the events. Otherwise only the outcome is stored.
        limits: the limits of the events in the buffer.
        notify: called after each change of the status, the events or the outcome.
    """

    __slots__ = ("_notify", "buffer", "error", "follow", "status", "values")

    def __init__(self, *, follow: bool, limits: Limits, notify: Callable[[], None]) -> None:
        self.follow = follow
        self.buffer = EventBuffer(limits.max_buffered_events, limits.max_buffered_bytes)
        self.status = JobStatus.UPLOADING
        self.values: list[Any] | None = None
        self.error: Exception | None = None
        self._notify = notify

    @property
    def ended(self) -> bool:
        """Whether there is an outcome: `values`, or `error`."""
        return self.status is JobStatus.ENDED

    def advance(self, status: JobStatus) -> None:
        """Set a status that the client itself observes: uploaded, joined, or running."""
        if not self.ended:
            self.status = status
            self._notify()

    def emit(self, event: Any, size: int = 0) -> None:
        """Add an event for the consumer, which was parsed from `size` bytes."""
        if self.follow and not self.ended:
            self.buffer.push(event, size)
            self._notify()

    def succeed(self, values: list[Any], duration: float | None = None, size: int = 0) -> None:
        """End with the raw output values, which were parsed from `size` bytes."""
        if self.ended:
            return
        self.values = values
        if self.follow:
            self.buffer.push(Completed(values, duration), size)
        self._end()

    def fail(self, error: Exception) -> None:
        """End with an error, unless the call has ended already."""
        if self.ended:
            return
        self.error = error
        self._end()

    def _end(self) -> None:
        self.status = JobStatus.ENDED
        self._notify()
