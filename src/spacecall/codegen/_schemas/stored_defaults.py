"""Defaults as a schema folder keeps them."""

from __future__ import annotations

from typing import Any

from spacecall._core.json_values import is_array, is_object

__all__ = ["default_value"]

_DEEPEST = 64


def default_value(value: Any, depth: int = 0) -> Any:
    """A default as it is kept: without what only holds for the server it was read from."""
    if depth > _DEEPEST:
        return None
    if is_object(value):
        host = {"url", "size"} if "path" in value and "meta" in value else set[str]()
        kept = {key: one for key, one in value.items() if key not in host}
        return {key: default_value(one, depth + 1) for key, one in kept.items()}
    if is_array(value):
        return [default_value(one, depth + 1) for one in value]
    return value
