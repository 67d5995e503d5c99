"""Prepare an app's default values for a schema folder."""

from __future__ import annotations

import json
from typing import Any, Final

from spacecall._core.filedata import is_file_data
from spacecall._core.json_values import is_array, is_object
from spacecall._core.schema_check import count_values

__all__ = ["contains_file", "is_app_default", "stored_default"]

_MAX_DEPTH = 64
_MAX_CHARACTERS: Final = 1000
"""The most characters of a default that is written into a client, as JSON."""
_MAX_VALUES: Final = 50
"""The most values of a default that is written into a client, one a line."""


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


def is_app_default(default: object) -> bool:
    """Check whether calls read a default from the live app: it contains a file, or is too long."""
    return (
        contains_file(default)
        or count_values(default) > _MAX_VALUES
        or len(json.dumps(default)) > _MAX_CHARACTERS
    )


def contains_file(default: object) -> bool:
    """Check whether a default contains a file of the app."""
    if is_object(default):
        return is_file_data(default) or any(map(contains_file, default.values()))
    return is_array(default) and any(map(contains_file, default))
