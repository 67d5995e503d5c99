"""Streamed outputs: the first message whole, later ones as edits of the one before.

An edit is `[op, path, value]`. `append` joins text, `replace` and `add` set a place, `delete`
removes one. The servers' list deletes name indices that are wrong in several ways, version by
version, but they only ever shorten a list at its end: deleting the last element, whatever the
index says, gives the value that the server had.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, cast

from spacecall.errors import ProtocolError

__all__ = ["apply", "fold"]


def fold(snapshot: list[Any] | None, data: list[Any]) -> list[Any]:
    """The outputs after the message with `data`, given those before it; None before the first.

    The old snapshot stays as it is; what did not change is shared with it. An output that was not
    there before comes whole; one that `data` leaves out keeps its value.

    Raises:
        ProtocolError: an edit cannot be made.
    """
    if snapshot is None:
        return list(data)
    known = len(snapshot)
    folded = [apply(old, _edits(new)) for old, new in zip(snapshot, data, strict=False)]
    return folded + snapshot[len(data) :] + data[known:]


def apply(value: Any, ops: Sequence[Any]) -> Any:
    """`value` after the edits `ops`; `value` itself is not changed.

    Raises:
        ProtocolError: an edit cannot be made.
    """
    for edit in ops:
        if not (isinstance(edit, (list, tuple)) and len(cast("Sequence[Any]", edit)) == 3):
            raise ProtocolError(f"an edit is [op, path, value], got {_short(edit)}")
        op, path, new = cast("Sequence[Any]", edit)
        if not isinstance(path, (list, tuple)):
            _impossible(op, path, "the path is no list")
        value = _apply(value, op, cast("Sequence[Any]", path), 0, new)
    return value


def _edits(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ProtocolError(f"a list of edits was expected, got {_short(data)}")
    return cast("list[Any]", data)


def _apply(value: Any, op: Any, path: Sequence[Any], depth: int, new: Any) -> Any:
    if depth == len(path):
        return _edit_whole(value, op, path, new)
    key = path[depth]
    if isinstance(value, list):
        return _edit_list(cast("list[Any]", value), op, path, depth, new)
    if isinstance(value, dict):
        return _edit_dict(cast("dict[str, Any]", value), op, path, depth, new)
    _impossible(op, path, f"{_short(key)} does not exist in {type(value).__name__}")


def _edit_whole(value: Any, op: Any, path: Sequence[Any], new: Any) -> Any:
    if op == "append":
        if isinstance(value, str) and isinstance(new, str):
            return value + new
        _impossible(op, path, f"{_short(new)} cannot be appended to {type(value).__name__}")
    if op in ("replace", "add"):
        return new
    if op == "delete":
        _impossible(op, path, "there is nothing to delete it from")
    _impossible(op, path, "no such operation")


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
    value: dict[str, Any], op: Any, path: Sequence[Any], depth: int, new: Any
) -> dict[str, Any]:
    key = path[depth]
    last = depth == len(path) - 1
    if not isinstance(key, str):
        _impossible(op, path, f"{_short(key)} is no key of an object")
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
