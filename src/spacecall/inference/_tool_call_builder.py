"""Build the tool calls of a reply from their deltas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list, as_str, is_object
from spacecall.chat import ToolCall
from spacecall.chat._text_builder import TextBuilder

__all__ = ["ToolCallsBuilder"]

_MAX_NAME: Final = 256
"""A longer name is not that of a function; pieces after it are not read."""


class _Call:
    """A tool call so far.

    Attributes:
        index: as the service sent it; None if it does not send one.
        position: among the named calls of the reply; None before it has a name.
        is_complete: whether the arguments are a whole JSON object.
    """

    __slots__ = (
        "_arguments",
        "_depth",
        "_in_string",
        "_is_escaped",
        "extra_content",
        "id",
        "index",
        "is_complete",
        "name",
        "position",
    )

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.position: int | None = None
        self.id = ""
        self.name = ""
        self.extra_content: Mapping[str, Any] = {}
        self.is_complete = False
        self._arguments = TextBuilder()
        self._depth = 0
        self._in_string = False
        self._is_escaped = False

    @property
    def has_arguments(self) -> bool:
        """Whether the arguments have begun."""
        return bool(self._arguments)

    def repeats(self, call_id: str, name: str, arguments: str) -> bool:
        """Return whether these are the complete call again."""
        has_same_name = name in ("", self.name) and call_id in ("", self.id)
        return self.is_complete and has_same_name and arguments == str(self._arguments)

    def is_other(self, delta: Mapping[str, object], name: str) -> bool:
        """Return whether a delta without an id is another call.

        Another name is one, or a name after complete arguments. But a delta with a name alone,
        before the arguments, has the next piece of this name.
        """
        if not name or self.name in ("", name):
            return bool(name) and self.is_complete
        return self.is_complete or self.has_arguments or not _is_name_piece(delta)

    def add_name(self, piece: str) -> None:
        """Add a piece of the name; some services repeat the whole name instead."""
        if piece != self.name and len(self.name) < _MAX_NAME and not self.has_arguments:
            self.name += piece

    def add_arguments(self, piece: str) -> None:
        """Add a piece of the arguments; every character is read once."""
        self._arguments.add(piece)
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

    def build(self) -> ToolCall:
        """Return the call so far. A call without an id gets one, since its result needs it."""
        return ToolCall(
            self.id or f"call_{self.position}",
            self.name,
            str(self._arguments),
            extra_content=self.extra_content or None,
        )


class ToolCallsBuilder:
    """Builds the tool calls of one reply, in time linear in their deltas.

    A delta belongs to the call with its id; without an id, to the newest call with its index; and
    without both, to the newest call. A new id starts a call even if its index is not new (Ollama
    sends 0 for every call); so does what `_Call.is_other` says. What never gets a name is not a
    call.
    """

    __slots__ = ("_built", "_by_id", "_by_index", "_changed", "_newest")

    def __init__(self) -> None:
        self._built: list[ToolCall] = []
        self._changed: list[_Call] = []
        self._newest: _Call | None = None
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int | None, _Call] = {}

    def build(self) -> tuple[ToolCall, ...]:
        """Return the calls so far; each is built once after its changes."""
        for call in self._changed:
            if call.position is None:
                call.position = len(self._built)
                self._built.append(call.build())
            else:
                self._built[call.position] = call.build()
        self._changed = []
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
        function, extra = as_dict(delta.get("function")), as_dict(delta.get("extra_content"))
        name, arguments = as_str(function.get("name")), _arguments_of(function.get("arguments"))
        if not (call_id or name or arguments or extra):
            return False
        call = None if is_whole else self._find(index, call_id)
        if call is not None and call.repeats(call_id, name, arguments):
            return False  # at the end of the stream
        if call is None or (not call_id and call.is_other(delta, name)):
            call = self._by_index[index] = self._newest = _Call(index)
        if call_id and not call.id:
            call.id = call_id
            self._by_id[call_id] = call
        call.add_name(name)
        call.add_arguments(arguments)
        call.extra_content = {**call.extra_content, **extra}
        if call.name and self._changed[-1:] != [call]:
            self._changed.append(call)
        return bool(call.name)

    def _find(self, index: int | None, call_id: str) -> _Call | None:
        newest = self._by_index.get(index) if index is not None else self._newest
        if not call_id or (newest is not None and not (newest.id or newest.is_complete)):
            return newest  # an id may follow the first delta of its call
        call = self._by_id.get(call_id)
        is_other = call is not None and None not in (index, call.index) and index != call.index
        return None if is_other else call


def _is_name_piece(delta: Mapping[str, object]) -> bool:
    """Return whether a delta goes on with its call: it does not say again what the call is."""
    return "type" not in delta and "index" in delta


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
