"""A bounded buffer of events that wait for their consumer."""

from __future__ import annotations

from typing import Any

from spacecall.events import Completed, Event, Log, Started


class EventBuffer:
    """A queue of at most `limit` events, or one of each kind if `limit` is less than that.

    When the buffer is full, by count or by bytes, it first drops an event that a newer event of the
    same kind replaces (an output, a progress report, a position in the queue), then the oldest log
    line. `Started` and `Completed` occur once each and are never dropped.

    Args:
        limit: the largest number of events.
        max_bytes: the largest total size of the messages that the events were parsed from.
    """

    __slots__ = ("_bytes", "_events", "_limit", "_max_bytes")

    def __init__(self, limit: int, max_bytes: int) -> None:
        self._events: list[tuple[Event[Any], int]] = []
        self._bytes = 0
        self._limit = limit
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._events)

    def push(self, event: Event[Any], size: int = 0) -> None:
        """Add an event that was parsed from `size` bytes."""
        while len(self._events) >= self._limit or self._bytes + size > self._max_bytes:
            index = self._droppable_index(event)
            if index is None:
                break
            self._remove(index)
        self._events.append((event, size))
        self._bytes += size

    def pop(self) -> Event[Any] | None:
        """Remove and return the oldest event, or None if the buffer is empty."""
        return self._remove(0) if self._events else None

    def clear(self) -> None:
        """Remove all events."""
        self._events.clear()
        self._bytes = 0

    def _remove(self, index: int) -> Event[Any]:
        event, size = self._events.pop(index)
        self._bytes -= size
        return event

    def _droppable_index(self, newest: Event[Any]) -> int | None:
        """Return the index of the first event that may be dropped, or None."""
        last_of_kind = {type(event): index for index, (event, _) in enumerate(self._events)}
        for index, (event, _) in enumerate(self._events):
            kind = type(event)
            if kind in (Started, Completed, Log):
                continue
            if index < last_of_kind[kind] or kind is type(newest):
                return index
        for index, (event, _) in enumerate(self._events):
            if isinstance(event, Log):
                return index
        return None
