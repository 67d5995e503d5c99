"""Shorten the repr of values for messages, in time bounded by the length of the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

__all__ = ["short_repr"]

_MAX_BITS = 4096
"""A larger int is not written: that takes quadratic time, and Python refuses 4,300 digits."""


def short_repr(value: Any, limit: int = 60) -> str:
    """Return `repr(value)`, cut after `limit` characters."""
    text = ""
    # a stack: with nested generators a piece would pass through all the outer ones
    stack = [_pieces(value, limit)]
    while stack:
        for piece, member in stack[-1]:
            text += piece
            if len(text) > limit:
                return f"{text[:limit]}…"
            if member is not _NOTHING:
                stack.append(_pieces(member, limit))
                break
        else:
            stack.pop()
    return text


_NOTHING = object()


def _pieces(value: Any, limit: int) -> Iterator[tuple[str, Any]]:
    """Yield the pieces of `repr(value)`: a text, and the member that follows it."""
    kind = cast("type[Any]", type(value))
    if kind is str or kind is bytes:
        yield repr(value[: limit + 1]), _NOTHING
    elif kind is int and value.bit_length() > _MAX_BITS:
        yield f"<int of {value.bit_length()} bits>", _NOTHING
    elif kind is dict:
        separator = "{"
        for key, item in cast("dict[Any, Any]", value).items():
            yield separator, key
            yield ": ", item
            separator = ", "
        yield "}" if value else "{}", _NOTHING
    elif kind is list or kind is tuple:
        opening, closing = ("[", "]") if kind is list else ("(", ")")
        separator = opening
        for item in value:
            yield separator, item
            separator = ", "
        yield (
            f"{'' if value else opening}{',' * (kind is tuple and len(value) == 1)}{closing}",
            _NOTHING,
        )
    else:
        yield repr(value), _NOTHING
