"""Values of strangers in messages: their beginning, at a cost that its length alone decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

__all__ = ["quote"]

_BITS = 4096
"""An int of more is not written out: that is quadratic, and Python refuses it from 4,300 digits."""


def quote(value: Any, limit: int = 60) -> str:
    """Return `repr(value)`, cut after `limit` characters."""
    text = ""
    for part in _parts(value, limit):
        text += part
        if len(text) > limit:
            return f"{text[:limit]}…"
    return text


def _parts(value: Any, limit: int) -> Iterator[str]:
    """The text of `repr(value)` in pieces, each container begun before its members are."""
    kind = type(value)
    if kind is str or kind is bytes:
        yield repr(value[: limit + 1])
    elif kind is int and value.bit_length() > _BITS:
        yield f"<int of {value.bit_length()} bits>"
    elif kind is dict:
        yield "{"
        for number, (key, item) in enumerate(cast("dict[Any, Any]", value).items()):
            yield ", " if number else ""
            yield from _parts(key, limit)
            yield ": "
            yield from _parts(item, limit)
        yield "}"
    elif kind is list or kind is tuple:
        yield "[" if kind is list else "("
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _parts(item, limit)
        yield "]" if kind is list else ",)" if len(value) == 1 else ")"
    else:
        yield repr(value)
