"""Work under way: its state, the events for its consumer, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from spacecall._core.event_buffer import Backlog
from spacecall.events import Completed
from spacecall.options import Limits


class State(Enum):
    """Where a job is. `ENDED` is final: what comes later is ignored."""

    UPLOADING = "uploading"
    JOINING = "joining"
    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


class Work:
    """What a call waits for, wherever it is done.

    Args:
        follow: whether events are wanted. Without, only the outcome is kept.
        limits: what may be kept for the consumer.
        notify: called after each change that a waiting caller may care about.
    """

    __slots__ = ("_notify", "backlog", "error", "follow", "state", "values")

    def __init__(self, *, follow: bool, limits: Limits, notify: Callable[[], None]) -> None:
        self.follow = follow
        self.backlog = Backlog(limits.max_buffered_events, limits.max_buffered_bytes)
        self.state = State.UPLOADING
        self.values: list[Any] | None = None
        self.error: Exception | None = None
        self._notify = notify

    @property
    def ended(self) -> bool:
        """Whether there is an outcome: `values`, or `error`."""
        return self.state is State.ENDED

    def advance(self, state: State) -> None:
        """Uploaded, joined, or running without a queue: what the client itself knows."""
        if not self.ended:
            self.state = state
            self._notify()

    def emit(self, event: Any, size: int = 0) -> None:
        """Add an event for the consumer; `size` is the bytes that it was made of."""
        if self.follow and not self.ended:
            self.backlog.push(event, size)
            self._notify()

    def succeed(self, values: list[Any], duration: float | None = None, size: int = 0) -> None:
        """End with the raw output values, which were made of `size` bytes."""
        if self.ended:
            return
        self.values = values
        if self.follow:
            self.backlog.push(Completed(values, duration), size)
        self._end()

    def fail(self, error: Exception) -> None:
        """End with an error. The first end counts."""
        if self.ended:
            return
        self.error = error
        self._end()

    def _end(self) -> None:
        self.state = State.ENDED
        self._notify()
