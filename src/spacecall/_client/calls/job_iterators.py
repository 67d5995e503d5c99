"""Read a job's events as values, or as pieces of text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import takewhile
from operator import eq
from typing import Any, Generic, TypeVar, cast

from spacecall._core.chat_messages import answer_text, as_messages, is_pairs
from spacecall._core.json_equality import has_same_types
from spacecall.events import Completed, Event, Output, TextDelta

T = TypeVar("T")


def _take_nothing() -> None:
    return None


class OutputIterator(AsyncIterator[T], Generic[T]):
    """Iterates over the values of `Output` and `Completed`, without a result that repeats one.

    Args:
        events: the events.
        take: returns the next of them if it need not be waited for.
    """

    def __init__(
        self, events: AsyncIterator[Event[T]], take: Callable[[], Event[T] | None] = _take_nothing
    ) -> None:
        self._events = events
        self._take = take
        self._last: T | None = None
        self._has_value = False

    async def __anext__(self) -> T:
        while True:
            event = self._take() or await self._events.__anext__()
            if not isinstance(event, Output):
                if not isinstance(event, Completed):
                    continue
                if self._has_value and _is_equal(event.value, self._last):
                    continue
            self._has_value, self._last = True, event.value
            return event.value


class TextIterator(AsyncIterator[TextDelta]):
    """Iterates over what each value adds to the text before it."""

    def __init__(
        self,
        events: AsyncIterator[Event[Any]],
        take: Callable[[], Event[Any] | None] = _take_nothing,
    ) -> None:
        self._values = OutputIterator(events, take)
        self._text = ""

    async def __anext__(self) -> TextDelta:
        while True:
            text = _text_of(await anext(self._values))
            start = common_prefix_length(self._text, text)
            if start < len(text) or start < len(self._text):
                self._text = text
                return TextDelta(text[start:], start)


def _text_of(value: Any) -> str:
    """Return the text of a value, or of the outputs in it.

    Messages of a chatbot win: the textbox beside it is cleared or repeats the question. Pairs can
    also be another component's, and win over an empty text only.
    """
    candidates = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    texts = [text for text in map(_plain_text, candidates) if text is not None]
    chats = [chat for chat in map(as_messages, candidates) if chat is not None]
    if not chats and not any(texts[:1]):
        chats = list(filter(is_pairs, candidates))
    if chats:
        return answer_text(chats[0])
    if texts:
        return texts[0]
    if any(
        candidate is None or (isinstance(candidate, list) and not candidate)
        for candidate in candidates
    ):
        return ""  # a component that has no text yet, or a chatbot without messages
    raise TypeError("the outputs have no text: use job.outputs instead of job.text")


def _plain_text(candidate: object) -> str | None:
    text = candidate if isinstance(candidate, str) else getattr(candidate, "text", None)
    return text if isinstance(text, str) else None


def _is_equal(value: object, last: object) -> bool:
    """Return whether two values are equal; False if they cannot be compared (arrays)."""
    try:
        return value is last or (bool(value == last) and has_same_types(value, last))
    except Exception:  # noqa: BLE001 - `__eq__` may be the caller's, and raise anything
        return False


def common_prefix_length(old: str, new: str) -> int:
    """Return the length of the common prefix."""
    if new.startswith(old):
        return len(old)
    return sum(1 for _ in takewhile(bool, map(eq, old, new)))
