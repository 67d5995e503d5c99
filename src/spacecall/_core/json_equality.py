"""Compare values as JSON: True is not 1, and 1.0 is not 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["has_same_types"]


def has_same_types(value: Any, equal: Any) -> bool:
    """Return whether two equal values also have the same types and signs, at any depth.

    Shared parts are skipped: the snapshots of a stream share everything but the edited parts.

    Args:
        value: any value.
        equal: a value with `value == equal`.
    """
    pairs: list[tuple[Any, Any]] = [(value, equal)]
    while pairs:
        left, right = pairs.pop()
        if left is right:
            continue
        if type(left) is not type(right):
            return False
        if isinstance(left, float):
            if math.copysign(1, left) != math.copysign(1, right):
                return False
        elif isinstance(left, Mapping):
            counterparts = cast("Mapping[Any, Any]", right)
            members = cast("Mapping[Any, Any]", left).items()
            pairs += [(item, counterparts[key]) for key, item in members]
        elif isinstance(left, (list, tuple)):
            pairs += zip(cast("Sequence[Any]", left), cast("Sequence[Any]", right), strict=True)
        elif hasattr(left, "__pydantic_extra__"):  # a model of pydantic
            pairs.append((left.__dict__, right.__dict__))
            pairs.append((left.__pydantic_extra__, right.__pydantic_extra__))
    return True
