"""Ways to read a job's events: whole values, or pieces of text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import takewhile
from operator import eq
from typing import Any, Generic, TypeVar, cast

from spacecall._core.json_equality import has_same_kinds
from spacecall.events import Completed, Event, Output, TextDelta

T = TypeVar("T")


class OutputIterator(AsyncIterator[T], Generic[T]):
    """The values of `Output` and `Completed`; a result that repeats the last value is left out."""

    def __init__(self, events: AsyncIterator[Event[T]]) -> None:
        self._events = events
        self._last: T | None = None
        self._any = False

    async def __anext__(self) -> T:
        while True:
            event = await anext(self._events)
            if not isinstance(event, (Output, Completed)):
                continue
            if isinstance(event, Completed) and self._any and _is_equal(event.value, self._last):
                continue
            self._any, self._last = True, event.value
            return event.value


class TextIterator(AsyncIterator[TextDelta]):
    """What each value adds to the text before it."""

    def __init__(self, events: AsyncIterator[Event[Any]]) -> None:
        self._values = OutputIterator(events)
        self._text = ""

    async def __anext__(self) -> TextDelta:
        while True:
            text = _text_of(await anext(self._values))
            start = _common(self._text, text)
            if start < len(text) or start < len(self._text):
                self._text = text
                return TextDelta(text[start:], start)


def _text_of(value: Any) -> str:
    candidates = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    for found in candidates:
        text = found if isinstance(found, str) else getattr(found, "text", None)
        if isinstance(text, str):
            return text
    if any(candidate is None for candidate in candidates):
        return ""  # a component that holds no text yet
    raise TypeError("there is no text among the outputs; use job.outputs")


def _is_equal(value: object, last: object) -> bool:
    """Whether two values are equal; those that cannot tell (arrays, a caller's own) are not."""
    try:
        return value is last or (bool(value == last) and has_same_kinds(value, last))
    except Exception:  # noqa: BLE001 - `__eq__` may be the caller's, and raise anything
        return False


def _common(old: str, new: str) -> int:
    """How long the common beginning is."""
    if new.startswith(old):
        return len(old)
    return sum(1 for _ in takewhile(bool, map(eq, old, new)))
