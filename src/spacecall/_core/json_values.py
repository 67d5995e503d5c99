"""Read parsed JSON of an uncertain shape: a value of another type reads as an empty one."""

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
    "describe_json_error",
    "is_array",
    "is_object",
    "parse_json",
]


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether `value` is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether `value` is a mapping."""
    return isinstance(value, (dict, Mapping))  # isinstance is fast for dict only


def as_list(value: object) -> list[Any]:
    """Return `value` if it is a list, else an empty list."""
    return value if is_array(value) else []


def as_dict(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one."""
    return value if is_object(value) else {}


def as_str_list(value: object) -> list[str]:
    """Return the strings in `value` if it is a list, else an empty list."""
    return [item for item in as_list(value) if isinstance(item, str)]


def as_str(value: object) -> str:
    """Return `value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def parse_json(body: str | bytes) -> Any:
    """Parse JSON from an app; NaN and infinities become None.

    JSON does not have these numbers. Gradio's queue sends null for them, and some of its other
    responses contain `NaN` and `Infinity`, as Python's encoder writes them.

    Raises:
        ValueError: `body` is not JSON.
        RecursionError: `body` is nested too deeply.
    """
    return json.loads(body, parse_constant=lambda _: None)


def describe_error(error: BaseException) -> str:
    """Return the text of an exception, or the name of its type if it has no text."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - `__str__` may be the caller's, and raise anything
        return type(error).__name__


def describe_json_error(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a text that `json.loads` refused, to follow the text's name.

    Python's own words for a number or for nesting are advice to programmers.
    """
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if type(error) is ValueError:
        return "has a number of too many digits"
    return f"is not valid JSON: {error}"
