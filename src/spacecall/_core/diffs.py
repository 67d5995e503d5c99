"""Apply the edits of streamed outputs: the first message has values, later ones have edits.

An edit is `[op, path, value]`. `append` joins text, `replace` and `add` set an element, `delete`
removes one. When a list gets shorter, servers send wrong indices, which differ by version. They
only ever shorten a list at its end, so deleting the last element, whatever the index, gives the
server's value.

The edits of one message copy each list and object once, and repeated moves are bounded: a small
message cannot cause much work on a large value.
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

_MAX_DEPTH = 256
_MAX_UNBATCHED = 4
"""So few edits copy the containers on their paths each: cheaper than to remember the copies."""
MAX_MOVED = 2**26
"""Characters and elements that the edits of one message may move repeatedly."""


def fold(snapshot: list[Any] | None, data: list[Any]) -> list[Any]:
    """Return the outputs after a message with `data`.

    The previous snapshot is not changed; the result shares the unchanged parts with it. An output
    that is new in the middle of a stream (the app was reloaded) arrives as edits of None; an output
    that `data` leaves out keeps its value.

    Args:
        snapshot: the outputs before the message; None before the first message.
        data: the outputs for the first message, edits for later ones.

    Raises:
        ProtocolError: an edit cannot be applied.
    """
    if snapshot is None:
        return list(data)
    outputs = [*snapshot, *[None] * (len(data) - len(snapshot))]
    for slot, edits in enumerate(data):
        outputs[slot] = apply(outputs[slot], _check_edits(edits))
    return outputs


def apply(value: Any, edits: Sequence[Any]) -> Any:
    """Return `value` after the edits; `value` itself is not changed.

    Raises:
        ProtocolError: an edit cannot be applied.
    """
    batch = _Batch() if len(edits) > _MAX_UNBATCHED else None
    for edit in edits:
        if not is_array(edit) or len(edit) != 3 or not is_array(edit[1]):
            raise ProtocolError(f"expected an edit [op, path, value], got {_short(edit)}")
        op, path, new = edit
        if len(path) > _MAX_DEPTH:
            _refuse(op, path, f"the path is longer than {_MAX_DEPTH}")
        value = _apply(value, op, path, 0, new, batch)
    return value


def _check_edits(data: object) -> list[Any]:
    if not is_array(data):
        raise ProtocolError(f"expected a list of edits, got {_short(data)}")
    return data


class _Batch:
    """The copies that the edits of one message made, and may change in place.

    Attributes:
        copies: the copies by their id. Storing a copy keeps its id valid.
        moved: characters and elements that were moved repeatedly.
    """

    __slots__ = ("copies", "moved")

    def __init__(self) -> None:
        self.copies: dict[int, Any] = {}
        self.moved = 0

    def move(self, count: int) -> None:
        """Count `count` characters or elements that are moved again.

        Raises:
            ProtocolError: the limit `MAX_MOVED` is reached.
        """
        self.moved += count
        if self.moved > MAX_MOVED:
            raise ProtocolError("the edits of one message move too many elements")


def _apply(
    value: Any, op: Any, path: Sequence[Any], depth: int, new: Any, batch: _Batch | None
) -> Any:
    if depth == len(path):
        return _edit_value(value, op, path, new, batch)
    if is_array(value):
        return _edit_list(value, op, path, depth, new, batch)
    if is_object(value):
        return _edit_dict(value, op, path, depth, new, batch)
    return _refuse(op, path, f"{_short(path[depth])} does not exist in {type(value).__name__}")


def _edit_value(value: Any, op: Any, path: Sequence[Any], new: Any, batch: _Batch | None) -> Any:
    if op in ("replace", "add"):
        return new
    if op != "append":
        _refuse(op, path, "there is nothing to delete" if op == "delete" else "unknown operation")
    if not (isinstance(value, str) and isinstance(new, str)):
        _refuse(op, path, f"{_short(new)} cannot be appended to {type(value).__name__}")
    if batch is None:
        return value + new
    if id(value) in batch.copies:
        batch.move(len(value))
    joined = value + new
    batch.copies[id(joined)] = joined
    return joined


def _edit_list(
    value: list[Any], op: Any, path: Sequence[Any], depth: int, new: Any, batch: _Batch | None
) -> list[Any]:
    index = path[depth]
    last = depth == len(path) - 1
    if not isinstance(index, int) or isinstance(index, bool):
        _refuse(op, path, f"{_short(index)} is not an index of a list")
    adds = last and op == "add"
    deletes = last and op == "delete"
    if deletes and not value:
        _refuse(op, path, "the list is empty")
    if not deletes and not 0 <= index < len(value) + adds:
        _refuse(op, path, f"the list has {len(value)} elements")
    changed = value if batch and id(value) in batch.copies else _remember_copy(value.copy(), batch)
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
        key = _json_key(key)  # the app's dict had this key: JSON made it a string
    adds = last and op == "add"
    if not adds and key not in value:
        _refuse(op, path, f"the object has no {_short(key)}")
    changed = batch.copies[id(value)] if batch and id(value) in batch.copies else None
    if changed is None:
        changed = _remember_copy(dict(value), batch)
    if adds:
        changed[key] = new
    elif last and op == "delete":
        del changed[key]
    else:
        changed[key] = _apply(value[key], op, path, depth + 1, new, batch)
    return changed


def _remember_copy(copy: C, batch: _Batch | None) -> C:
    if batch:
        batch.copies[id(copy)] = copy
    return copy


def _json_key(key: Any) -> str:
    try:
        return json.dumps(key)
    except RecursionError as error:
        raise ProtocolError("the path of an edit is nested too deeply") from error


def _refuse(op: Any, path: Any, reason: str) -> NoReturn:
    raise ProtocolError(f"cannot apply the edit {_short(op)} at {_short(path)}: {reason}")


def _short(value: Any) -> str:
    return short_repr(value, 80)
