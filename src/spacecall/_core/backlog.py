"""Events waiting for a consumer: bounded, and never losing an end."""

from __future__ import annotations

from typing import Any

from spacecall.events import Completed, Event, Log, Started


class Backlog:
    """A queue of at most `limit` events, or one of each kind where `limit` is less than that.

    When it is full, an event that a newer one of its kind has made out of date goes first (a
    snapshot, a progress report, a place in the queue), then the oldest log line. `Started` and
    `Completed` come once each and always stay.
    """

    __slots__ = ("_events", "_limit")

    def __init__(self, limit: int) -> None:
        self._events: list[Event[Any]] = []
        self._limit = limit

    def __len__(self) -> int:
        return len(self._events)

    def push(self, event: Event[Any]) -> None:
        """Add an event."""
        if len(self._events) >= self._limit:
            self._make_room(event)
        self._events.append(event)

    def pop(self) -> Event[Any] | None:
        """The oldest event, or None."""
        return self._events.pop(0) if self._events else None

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()

    def _make_room(self, newest: Event[Any]) -> None:
        last = {type(event): index for index, event in enumerate(self._events)}
        for index, event in enumerate(self._events):
            kind = type(event)
            if kind in (Started, Completed, Log):
                continue
            if index < last[kind] or kind is type(newest):
                del self._events[index]
                return
        for index, event in enumerate(self._events):
            if isinstance(event, Log):
                del self._events[index]
                return
