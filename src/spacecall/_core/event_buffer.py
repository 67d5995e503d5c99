"""A bounded buffer of events that wait for their consumer."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from spacecall._core.snapshots import Snapshot
from spacecall.errors import BufferFullError
from spacecall.events import Completed, Event, Log, Output, Started

_ONCE: Final = (Started, Completed, Log)
"""The kinds of which a newer event does not replace an older one."""


class EventBuffer:
    """A queue of at most `limit` events, or one of each kind if `limit` is less than that.

    When the buffer is full, by count or by bytes, it first drops an event that a newer event of the
    same kind replaces (an output, a progress report, a position in the queue), then the oldest log
    line. `Started` and `Completed` occur once each and are never dropped. An output may be pushed
    as a snapshot, whose values are built when it is popped.

    Args:
        limit: the largest number of events.
        max_bytes: the largest total size of the messages that the events were parsed from.
        every_output: drop nothing: there is no largest number of events, and a buffer that is full
            by bytes takes no more.

    Attributes:
        conflated: the number of outputs that were dropped for newer ones.
    """

    __slots__ = ("_bytes", "_events", "_every_output", "_limit", "_max_bytes", "conflated")

    def __init__(self, limit: int, max_bytes: int, *, every_output: bool = False) -> None:
        self._events: deque[tuple[Event[Any] | Snapshot, int]] = deque()
        self._bytes = 0
        self._every_output = every_output
        self._limit = limit
        self._max_bytes = max_bytes
        self.conflated = 0

    def __len__(self) -> int:
        return len(self._events)

    def push(self, event: Event[Any] | Snapshot, size: int = 0) -> None:
        """Add an event that was parsed from `size` bytes.

        Raises:
            BufferFullError: the buffer is full, and drops nothing.
        """
        if self._every_output:
            self._check_room(event, size)
        elif len(self._events) >= self._limit or self._bytes + size > self._max_bytes:
            self._make_room(event, size)
        self._events.append((event, size))
        self._bytes += size

    def _check_room(self, event: Event[Any] | Snapshot, size: int) -> None:
        is_full = bool(self._events) and self._bytes + size > self._max_bytes
        if is_full and not isinstance(event, (Started, Completed)):
            raise BufferFullError(
                f"the app sends faster than its outputs are read, and more than {self._max_bytes} "
                "bytes of them wait: read faster, raise Limits.max_buffered_bytes, or call without "
                "every_output=True"
            )

    def _make_room(self, event: Event[Any] | Snapshot, size: int) -> None:
        while len(self._events) >= self._limit or self._bytes + size > self._max_bytes:
            index = self._droppable_index(event)
            if index is None:
                break
            self.conflated += isinstance(self._remove(index), (Output, Snapshot))

    def pop(self) -> Event[Any] | None:
        """Remove and return the oldest event, or None if the buffer is empty."""
        if not self._events:
            return None
        event, size = self._events.popleft()
        self._bytes -= size
        return Output(event.values) if isinstance(event, Snapshot) else event

    def pop_snapshot(self) -> Snapshot | None:
        """Remove and return the oldest event if it is a snapshot; otherwise return None."""
        if not self._events:
            return None
        event, size = self._events[0]
        if not isinstance(event, Snapshot):
            return None
        self._events.popleft()
        self._bytes -= size
        return event

    def clear(self) -> None:
        """Remove all events."""
        self._events.clear()
        self._bytes = 0

    def _remove(self, index: int) -> Event[Any] | Snapshot:
        event, size = self._events[index]
        del self._events[index]
        self._bytes -= size
        return event

    def _droppable_index(self, newest: Event[Any] | Snapshot) -> int | None:
        """Return the index of the first event that may be dropped, or None."""
        for index, (event, _) in enumerate(self._events):
            kind = type(event)
            if kind is type(newest) and kind not in _ONCE:
                return index  # of a stream whose outputs nobody reads, without a look at all events
            if kind not in _ONCE:
                break
        last_of_kind = {type(event): index for index, (event, _) in enumerate(self._events)}
        for index, (event, _) in enumerate(self._events):
            kind = type(event)
            if kind in _ONCE:
                continue
            if index < last_of_kind[kind] or kind is type(newest):
                return index
        for index, (event, _) in enumerate(self._events):
            if isinstance(event, Log):
                return index
        return None
