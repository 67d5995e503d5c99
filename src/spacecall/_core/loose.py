"""Reading parsed JSON whose shape is not certain: what does not fit reads as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["is_array", "is_object", "items", "mapping", "strings", "text"]


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether `value` is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether `value` is an object."""
    return isinstance(value, (dict, Mapping))  # a dict is known at once, other mappings are not


def items(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if is_array(value) else []


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if is_object(value) else {}


def strings(value: object) -> list[str]:
    """The texts in `value` if it is a list, else none."""
    return [item for item in items(value) if isinstance(item, str)]


def text(value: object) -> str:
    """`value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""
