"""JSON that people write: a key that is there twice is a mistake, not a choice."""

from __future__ import annotations

from typing import Any, Final

from spacecall.errors import InvalidInputError

_MAX_KEY: Final = 40


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object (an `object_pairs_hook`), and refuse repeated keys.

    Raises:
        InvalidInputError: a key is repeated.
    """
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            shown = repr(key if len(key) <= _MAX_KEY else f"{key[:_MAX_KEY]}…")
            raise InvalidInputError(f"the JSON has the key {shown} twice: remove one")
        members[key] = value
    return members
