"""Build the tool calls of a reply from their deltas."""

from __future__ import annotations

import json
from collections.abc import Mapping

from spacecall._core.json_values import as_dict, as_list, as_str, is_object
from spacecall.chat import ToolCall

__all__ = ["ToolCallsBuilder"]


class _Call:
    """A tool call so far.

    Attributes:
        index: as the service sent it; None if it does not send one.
        position: among the calls of the reply.
        is_complete: whether the arguments are a whole JSON object.
    """

    __slots__ = (
        "_depth",
        "_in_string",
        "_is_escaped",
        "arguments",
        "id",
        "index",
        "is_complete",
        "name",
        "position",
    )

    def __init__(self, index: int | None, position: int) -> None:
        self.index = index
        self.position = position
        self.id = ""
        self.name = ""
        self.arguments = ""
        self.is_complete = False
        self._depth = 0
        self._in_string = False
        self._is_escaped = False

    def repeats(self, call_id: str, name: str, arguments: str) -> bool:
        """Return whether these are the complete call again."""
        has_same_name = name in ("", self.name) and call_id in ("", self.id)
        return self.is_complete and has_same_name and arguments == self.arguments

    def build(self) -> ToolCall:
        """Return the call so far."""
        return ToolCall(self.id or f"call_{self.position}", self.name, self.arguments)

    def add_arguments(self, piece: str) -> None:
        """Add a piece of the arguments; every character is read once."""
        self.arguments += piece
        for character in piece:
            if self._is_escaped:
                self._is_escaped = False
            elif self._in_string:
                self._is_escaped = character == "\\"
                self._in_string = character != '"'
            elif character == '"':
                self._in_string = True
            elif character == "{":
                self._depth += 1
            elif character == "}":
                self._depth -= 1
                self.is_complete = self.is_complete or self._depth <= 0


class ToolCallsBuilder:
    """Builds the tool calls of one reply.

    A delta belongs to the call with its id; without an id, to the newest call with its index; and
    without both, to the newest call. A new id starts a call even if its index is not new (Ollama
    sends 0 for every call). So does another name, or a name after complete arguments.
    """

    __slots__ = ("_built", "_by_id", "_by_index", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._built: list[ToolCall] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int | None, _Call] = {}

    def build(self) -> tuple[ToolCall, ...]:
        """Return the calls so far. A call without an id gets one, since its result needs it."""
        return tuple(self._built)

    def add(self, value: object, *, is_whole: bool = False) -> bool:
        """Add the `tool_calls` of a message or delta; return whether the calls have changed.

        What is not a call is skipped.

        Args:
            is_whole: whether each element is a whole call.
        """
        # text-generation-inference 2 sends one call instead of an array.
        deltas = [value] if is_object(value) else as_list(value)
        changes = [self._add(delta, is_whole=is_whole) for delta in deltas if is_object(delta)]
        return any(changes)

    def _add(self, delta: Mapping[str, object], *, is_whole: bool) -> bool:
        index, call_id = _index_of(delta.get("index")), _id_of(delta.get("id"))
        function = as_dict(delta.get("function"))
        name, arguments = as_str(function.get("name")), _arguments_of(function.get("arguments"))
        call = None if is_whole else self._find(index, call_id)
        if call is not None and call.repeats(call_id, name, arguments):
            return False  # at the end of the stream
        if call is None or (not call_id and _starts_call(call, name)):
            call = _Call(index, len(self._calls))
            self._calls.append(call)
            self._built.append(call.build())
            self._by_index[index] = call
        if call_id and not call.id:
            call.id = call_id
            self._by_id[call_id] = call
        call.name = call.name or name
        call.add_arguments(arguments)
        self._built[call.position] = call.build()
        return True

    def _find(self, index: int | None, call_id: str) -> _Call | None:
        newest = self._calls[-1] if index is None and self._calls else self._by_index.get(index)
        if not call_id or (newest is not None and not (newest.id or newest.is_complete)):
            return newest  # an id may follow the first delta of its call
        call = self._by_id.get(call_id)
        is_other = call is not None and None not in (index, call.index) and index != call.index
        return None if is_other else call


def _starts_call(call: _Call, name: str) -> bool:
    return bool(name) and (call.is_complete or call.name not in ("", name))


def _index_of(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 9:
        return int(value)
    return int(value) if isinstance(value, (int, float)) and value == value // 1 else None


def _id_of(value: object) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def _arguments_of(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)
