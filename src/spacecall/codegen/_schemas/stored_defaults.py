"""Prepare an app's default values for a schema folder."""

from __future__ import annotations

from typing import Any

from spacecall._core.json_values import is_array, is_object

__all__ = ["stored_default"]

_MAX_DEPTH = 64


def stored_default(value: Any, depth: int = 0) -> Any:
    """Return a default without the parts that hold only for the server that it was read from."""
    if depth > _MAX_DEPTH:
        return None
    if is_object(value):
        server_keys = {"url", "size"} if "path" in value and "meta" in value else set[str]()
        members = {key: member for key, member in value.items() if key not in server_keys}
        return {key: stored_default(member, depth + 1) for key, member in members.items()}
    if is_array(value):
        return [stored_default(item, depth + 1) for item in value]
    return value
