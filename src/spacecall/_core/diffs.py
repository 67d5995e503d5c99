"""Streamed outputs: the first message whole, later ones as edits of the one before.

An edit is `[op, path, value]`. `append` joins text, `replace` and `add` set a place, `delete`
removes one. The servers' list deletes name indices that are wrong in several ways, version by
version, but they only ever shorten a list at its end: deleting the last element, whatever the
index says, gives the value that the server had.

The edits of one message copy each list and object once, and what they move again and again is
bounded: a small message cannot ask for much work on a large value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from spacecall._core.json_values import is_array, is_object
from spacecall._core.value_excerpts import short_repr
from spacecall.errors import ProtocolError

__all__ = ["apply", "fold"]

C = TypeVar("C")

_DEEPEST = 256
_FEW = 4
"""Edits that may each copy what is on their path: that is cheaper than to remember the copies."""
MOST_MOVED = 2**26
"""Characters and elements that the edits of one message may move more than once."""


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
    batch = _Batch() if len(ops) > _FEW else None
    for edit in ops:
        if not is_array(edit) or len(edit) != 3 or not is_array(edit[1]):
            raise ProtocolError(f"an edit is [op, path, value], got {_short(edit)}")
        op, path, new = edit
        if len(path) > _DEEPEST:
            _impossible(op, path, f"it is longer than {_DEEPEST}")
        value = _apply(value, op, path, 0, new, batch)
    return value


def _edits(data: object) -> list[Any]:
    if not is_array(data):
        raise ProtocolError(f"a list of edits was expected, got {_short(data)}")
    return data


class _Batch:
    """What the edits of one message have made of a value, and may change in its place.

    Attributes:
        fresh: by id, with what has it, which must live as long as its id is used.
        moved: characters and elements that were moved more than once.
    """

    __slots__ = ("fresh", "moved")

    def __init__(self) -> None:
        self.fresh: dict[int, Any] = {}
        self.moved = 0

    def move(self, count: int) -> None:
        """Count what is moved once more.

        Raises:
            ProtocolError: it is too much.
        """
        self.moved += count
        if self.moved > MOST_MOVED:
            raise ProtocolError("the edits of one message move too much")


def _apply(
    value: Any, op: Any, path: Sequence[Any], depth: int, new: Any, batch: _Batch | None
) -> Any:
    if depth == len(path):
        return _edit_whole(value, op, path, new, batch)
    if is_array(value):
        return _edit_list(value, op, path, depth, new, batch)
    if is_object(value):
        return _edit_dict(value, op, path, depth, new, batch)
    why = f"{_short(path[depth])} does not exist in {type(value).__name__}"
    return _impossible(op, path, why)


def _edit_whole(value: Any, op: Any, path: Sequence[Any], new: Any, batch: _Batch | None) -> Any:
    if op in ("replace", "add"):
        return new
    if op != "append":
        _impossible(
            op, path, "there is nothing to delete" if op == "delete" else "unknown operation"
        )
    if not (isinstance(value, str) and isinstance(new, str)):
        _impossible(op, path, f"{_short(new)} cannot be appended to {type(value).__name__}")
    if batch is None:
        return value + new
    if id(value) in batch.fresh:
        batch.move(len(value))
    joined = value + new
    batch.fresh[id(joined)] = joined
    return joined


def _edit_list(
    value: list[Any], op: Any, path: Sequence[Any], depth: int, new: Any, batch: _Batch | None
) -> list[Any]:
    index = path[depth]
    last = depth == len(path) - 1
    if not isinstance(index, int) or isinstance(index, bool):
        _impossible(op, path, f"{_short(index)} is no index of a list")
    adds = last and op == "add"
    deletes = last and op == "delete"
    if deletes and not value:
        _impossible(op, path, "the list is empty")
    if not deletes and not 0 <= index < len(value) + adds:
        _impossible(op, path, f"the list has {len(value)} elements")
    changed = value if batch and id(value) in batch.fresh else _copied(value.copy(), batch)
    if deletes:
        changed.pop()
    elif adds:
        if batch:
            batch.move(len(changed) - index)
        changed.insert(index, new)
    else:
        changed[index] = _apply(value[index], op, path, depth + 1, new, batch)
    return changed


def _edit_dict(
    value: Mapping[str, Any], op: Any, path: Sequence[Any], depth: int, new: Any,
    batch: _Batch | None,
) -> dict[str, Any]:  # fmt: skip
    key = path[depth]
    last = depth == len(path) - 1
    if not isinstance(key, str):
        key = _dumped(key)  # the app's dict had such a key: JSON made it text
    adds = last and op == "add"
    if not adds and key not in value:
        _impossible(op, path, f"the object has no {_short(key)}")
    changed = batch.fresh[id(value)] if batch and id(value) in batch.fresh else None
    if changed is None:
        changed = _copied(dict(value), batch)
    if adds:
        changed[key] = new
    elif last and op == "delete":
        del changed[key]
    else:
        changed[key] = _apply(value[key], op, path, depth + 1, new, batch)
    return changed


def _copied(copy: C, batch: _Batch | None) -> C:
    if batch:
        batch.fresh[id(copy)] = copy
    return copy


def _dumped(key: Any) -> str:
    try:
        return json.dumps(key)
    except RecursionError as error:
        raise ProtocolError("the path of an edit is nested too deeply") from error


def _impossible(op: Any, path: Any, why: str) -> NoReturn:
    raise ProtocolError(f"impossible edit {_short(op)} at {_short(path)}: {why}")


def _short(value: Any) -> str:
    return short_repr(value, 80)
