"""Values of strangers in messages: their beginning, at a cost that its length alone decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

__all__ = ["short_repr"]

_BITS = 4096
"""An int of more is not written out: that is quadratic, and Python refuses it from 4,300 digits."""


def short_repr(value: Any, limit: int = 60) -> str:
    """Return `repr(value)`, cut after `limit` characters."""
    text = ""
    # a stack, since generators in generators would cost what they yield once for each
    open_ = [_pieces(value, limit)]
    while open_:
        for piece, member in open_[-1]:
            text += piece
            if len(text) > limit:
                return f"{text[:limit]}…"
            if member is not _NOTHING:
                open_.append(_pieces(member, limit))
                break
        else:
            open_.pop()
    return text


_NOTHING = object()


def _pieces(value: Any, limit: int) -> Iterator[tuple[str, Any]]:
    """The pieces of `repr(value)`: a text, and the member that follows it."""
    kind = cast("type[Any]", type(value))
    if kind is str or kind is bytes:
        yield repr(value[: limit + 1]), _NOTHING
    elif kind is int and value.bit_length() > _BITS:
        yield f"<int of {value.bit_length()} bits>", _NOTHING
    elif kind is dict:
        before = "{"
        for key, item in cast("dict[Any, Any]", value).items():
            yield before, key
            yield ": ", item
            before = ", "
        yield "}" if value else "{}", _NOTHING
    elif kind is list or kind is tuple:
        opening, closing = ("[", "]") if kind is list else ("(", ")")
        before = opening
        for item in value:
            yield before, item
            before = ", "
        yield (
            f"{'' if value else opening}{',' * (kind is tuple and len(value) == 1)}{closing}",
            _NOTHING,
        )
    else:
        yield repr(value), _NOTHING
