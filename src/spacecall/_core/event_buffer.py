"""Events waiting for a consumer: bounded, and never losing an end."""

from __future__ import annotations

from typing import Any

from spacecall.events import Completed, Event, Log, Started


class Backlog:
    """A queue of at most `limit` events, or one of each kind where `limit` is less than that.

    When it is full, or its events are larger than `max_bytes` together, an event that a newer one
    of its kind has made out of date goes first (a snapshot, a progress report, a place in the
    queue), then the oldest log line. `Started` and `Completed` come once each and always stay.

    Args:
        limit: events.
        max_bytes: of the messages that the events were made of.
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
        """Add an event; `size` is the bytes that it was made of."""
        while len(self._events) >= self._limit or self._bytes + size > self._max_bytes:
            index = self._dispensable(event)
            if index is None:
                break
            self._take(index)
        self._events.append((event, size))
        self._bytes += size

    def pop(self) -> Event[Any] | None:
        """The oldest event, or None."""
        return self._take(0) if self._events else None

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._bytes = 0

    def _take(self, index: int) -> Event[Any]:
        event, size = self._events.pop(index)
        self._bytes -= size
        return event

    def _dispensable(self, newest: Event[Any]) -> int | None:
        """Return the index of the event that can go first, or None."""
        last = {type(event): index for index, (event, _) in enumerate(self._events)}
        for index, (event, _) in enumerate(self._events):
            kind = type(event)
            if kind in (Started, Completed, Log):
                continue
            if index < last[kind] or kind is type(newest):
                return index
        for index, (event, _) in enumerate(self._events):
            if isinstance(event, Log):
                return index
        return None
