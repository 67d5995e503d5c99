"""Streamed outputs: the first message whole, later ones as edits of the one before.

An edit is `[op, path, value]`. `append` joins text, `replace` and `add` set a place, `delete`
removes one. The servers' list deletes name indices that are wrong in several ways, version by
version, but they only ever shorten a list at its end: deleting the last element, whatever the
index says, gives the value that the server had.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from spacecall._core.loose import is_array, is_object
from spacecall.errors import ProtocolError

__all__ = ["apply", "fold"]

_DEEPEST = 256


def fold(snapshot: list[Any] | None, data: list[Any]) -> list[Any]:
    """The outputs after the message with `data`, given those before it; None before the first.

    The old snapshot stays as it is; what did not change is shared with it. An output that is new
    in mid-stream (the app was reloaded) comes as edits of None; one that `data` leaves out keeps
    its value.

    Raises:
        ProtocolError: an edit cannot be made.
    """
    if snapshot is None:
        return list(data)
    known = [*snapshot, *[None] * (len(data) - len(snapshot))]
    for slot, edits in enumerate(data):
        known[slot] = apply(known[slot], _edits(edits))
    return known


def apply(value: Any, ops: Sequence[Any]) -> Any:
    """`value` after the edits `ops`; `value` itself is not changed.

    Raises:
        ProtocolError: an edit cannot be made.
    """
    for edit in ops:
        if not is_array(edit) or len(edit) != 3 or not is_array(edit[1]):
            raise ProtocolError(f"an edit is [op, path, value], got {_short(edit)}")
        op, path, new = edit
        if len(path) > _DEEPEST:
            _impossible(op, path, f"it is longer than {_DEEPEST}")
        value = _apply(value, op, path, 0, new)
    return value


def _edits(data: object) -> list[Any]:
    if not is_array(data):
        raise ProtocolError(f"a list of edits was expected, got {_short(data)}")
    return data


def _apply(value: Any, op: Any, path: Sequence[Any], depth: int, new: Any) -> Any:
    if depth == len(path):
        return _edit_whole(value, op, path, new)
    if is_array(value):
        return _edit_list(value, op, path, depth, new)
    if is_object(value):
        return _edit_dict(value, op, path, depth, new)
    why = f"{_short(path[depth])} does not exist in {type(value).__name__}"
    return _impossible(op, path, why)


def _edit_whole(value: Any, op: Any, path: Sequence[Any], new: Any) -> Any:
    if op in ("replace", "add"):
        return new
    if op != "append":
        _impossible(
            op, path, "there is nothing to delete" if op == "delete" else "unknown operation"
        )
    if not (isinstance(value, str) and isinstance(new, str)):
        _impossible(op, path, f"{_short(new)} cannot be appended to {type(value).__name__}")
    return value + new


def _edit_list(value: list[Any], op: Any, path: Sequence[Any], depth: int, new: Any) -> list[Any]:
    index = path[depth]
    last = depth == len(path) - 1
    if not isinstance(index, int) or isinstance(index, bool):
        _impossible(op, path, f"{_short(index)} is no index of a list")
    if last and op == "delete":
        if not value:
            _impossible(op, path, "the list is empty")
        return value[:-1]
    if last and op == "add":
        if not 0 <= index <= len(value):
            _impossible(op, path, f"the list has {len(value)} elements")
        return [*value[:index], new, *value[index:]]
    if not 0 <= index < len(value):
        _impossible(op, path, f"the list has {len(value)} elements")
    changed = value.copy()
    changed[index] = _apply(value[index], op, path, depth + 1, new)
    return changed


def _edit_dict(
    value: Mapping[str, Any], op: Any, path: Sequence[Any], depth: int, new: Any
) -> dict[str, Any]:
    key = path[depth]
    last = depth == len(path) - 1
    if not isinstance(key, str):
        key = json.dumps(key)  # the app's dict had such a key: JSON made it text
    if last and op == "add":
        return {**value, key: new}
    if key not in value:
        _impossible(op, path, f"the object has no {key!r}")
    if last and op == "delete":
        return {name: kept for name, kept in value.items() if name != key}
    return {**value, key: _apply(value[key], op, path, depth + 1, new)}


def _impossible(op: Any, path: Any, why: str) -> NoReturn:
    raise ProtocolError(f"impossible edit {_short(op)} at {_short(path)}: {why}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
