"""Reading parsed JSON whose shape is not certain: what does not fit reads as nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = [
    "as_dict",
    "as_list",
    "as_str",
    "as_str_list",
    "describe_error",
    "is_array",
    "is_object",
    "parse_json",
]


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether `value` is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether `value` is an object."""
    return isinstance(value, (dict, Mapping))  # a dict is known at once, other mappings are not


def as_list(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if is_array(value) else []


def as_dict(value: object) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if is_object(value) else {}


def as_str_list(value: object) -> list[str]:
    """The texts in `value` if it is a list, else none."""
    return [item for item in as_list(value) if isinstance(item, str)]


def as_str(value: object) -> str:
    """`value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def parse_json(body: str | bytes) -> Any:
    """The values that an app answers. NaN and infinities are None.

    JSON does not have them. Gradio's queue writes null for them, and some of its other answers the
    words that Python's encoder has.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(body, parse_constant=lambda _: None)


def describe_error(error: BaseException) -> str:
    """Return what an exception says of itself, or its type where it says nothing or cannot."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - `__str__` may be the caller's, and raise anything
        return type(error).__name__
