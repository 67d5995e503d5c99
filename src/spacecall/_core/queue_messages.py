"""Parse the messages of a job's stream."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias, cast, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from spacecall._wire import queue_data
from spacecall.errors import ProtocolError

__all__ = [
    "KnownMessage",
    "MalformedMessage",
    "Message",
    "UnknownMessage",
    "ValueUpdate",
    "parse_message",
    "parse_stream_message",
    "wire_size",
]


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message of a kind that this version of spacecall does not know, to be ignored.

    Attributes:
        msg: its kind; empty if it has none.
        event_id: the id of its job; None if it has none.
    """

    msg: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """A message that cannot be parsed, or of a known kind with invalid fields. It ends its job.

    Attributes:
        msg: its kind; empty if that cannot be read.
        event_id: the id of its job.
        reason: what is invalid, and where.
    """

    msg: str
    event_id: str
    reason: str


class ValueUpdate:
    """A `process_generating` message of a step that succeeded, with all that is read of it.

    A stream of text has thousands of them. The model of the message takes three times as long.

    Args:
        event_id: the id of its job.
        data: the edits or values of the outputs.
    """

    __slots__ = ("data", "event_id")
    msg: Final = "process_generating"

    def __init__(self, event_id: str, data: list[Any]) -> None:
        self.event_id = event_id
        self.data = data


KnownMessage: TypeAlias = queue_data.Message
Message: TypeAlias = KnownMessage | ValueUpdate | UnknownMessage | MalformedMessage

_ADAPTER: Final[TypeAdapter[KnownMessage]] = TypeAdapter(
    KnownMessage, config=ConfigDict(defer_build=True)
)
_KINDS: Final = frozenset(
    kind
    for model in get_args(get_args(KnownMessage)[0])
    for kind in get_args(model.model_fields["msg"].annotation)
)
_MAX_EXCERPT = 200

_TOKEN: Final = re.compile(
    r'"(?P<text>[^"\\]*+(?:\\.[^"\\]*+)*+)"?(?:\s*+(?P<colon>:))?|[{\[]|(?P<end>[}\]])', re.DOTALL
)
_MAX_TOKENS: Final = 10_000
"""Strings and brackets of an invalid message that are searched for the id of its job."""


def parse_message(text: str | bytes) -> KnownMessage | UnknownMessage | MalformedMessage:
    """Parse a message: the data of one SSE event, or one WebSocket frame.

    The values of `output.data` stay as they are in the JSON.

    Raises:
        ProtocolError: `text` is not a JSON object, has a number of too many digits or is nested too
            deeply, or the fields of a known kind are invalid; and it has no job's id. If it has
            one, the result is a `MalformedMessage`.
    """
    try:
        return _parse(text)
    except MemoryError as error:
        raise _memory_error(text) from error


def parse_stream_message(text: str) -> Message:
    """Parse a message as `parse_message` does, but return a `ValueUpdate` for a streamed value.

    Raises:
        ProtocolError: see `parse_message`.
    """
    try:
        try:
            fields: Any = from_json(text)
        except (ValueError, RecursionError):
            return _parse_slowly(text)
        return _read_update(fields) or _parse(text, fields)
    except MemoryError as error:
        raise _memory_error(text) from error


def _read_update(fields: Any) -> ValueUpdate | None:
    """Return the update of a message; None if it is another message, or has invalid fields."""
    try:
        if fields["msg"] != "process_generating" or fields["success"] is not True:
            return None
        event_id, data = fields["event_id"], fields["output"]["data"]
    except (KeyError, TypeError):
        return None
    is_valid = event_id.__class__ is str and data.__class__ is list
    return ValueUpdate(event_id, data) if is_valid else None


def _memory_error(text: str | bytes) -> ProtocolError:
    return ProtocolError(f"not enough memory for a message of {len(text)} bytes")


def wire_size(text: str) -> int:
    """Return the size of `text` in UTF-8, in bytes."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _parse(
    text: str | bytes, fields: Any = None
) -> KnownMessage | UnknownMessage | MalformedMessage:
    try:
        # Two steps take half of the memory of one, 33 bytes for each byte of JSON instead of 56.
        return _ADAPTER.validate_python(from_json(text) if fields is None else fields)
    except (ValueError, RecursionError):
        return _parse_slowly(text)


def _parse_slowly(text: str | bytes) -> KnownMessage | UnknownMessage | MalformedMessage:
    """Parse a message of an unknown kind, or JSON that only Python's own parser accepts.

    That is half a surrogate pair in an escape, which servers up to 4.19 can send, or deep nesting.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"a message from the server {_syntax_problem(error)}: {_excerpt(text)}"
        fields = _find_strings(text)
        if event_id := fields.get("event_id"):
            return MalformedMessage(fields.get("msg", ""), event_id, reason)
        raise ProtocolError(reason) from error
    if not isinstance(data, dict):
        raise ProtocolError(f"a message from the server is not a JSON object: {_excerpt(text)}")
    message = cast("dict[str, Any]", data)
    kind, event_id = message.get("msg"), message.get("event_id")
    if not isinstance(kind, str) or kind not in _KINDS:
        return UnknownMessage(
            msg=kind if isinstance(kind, str) else "",
            event_id=event_id if isinstance(event_id, str) else None,
        )
    try:
        return _ADAPTER.validate_python(message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        location = ".".join(str(part) for part in first["loc"][1:])
        reason = (
            f"the {kind} message from the server is invalid at {location!r}: "
            f"{first['msg']}: {_excerpt(text)}"
        )
        if isinstance(event_id, str):
            return MalformedMessage(kind, event_id, reason)
        raise ProtocolError(reason) from error


def _syntax_problem(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "is not JSON"
    return f"has a number of more than {sys.get_int_max_str_digits()} digits"


def _find_strings(text: str | bytes) -> dict[str, str]:
    """Find the string fields of the outermost object of an invalid message, by their key.

    A string with an escape in it is left out.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    fields: dict[str, str] = {}
    depth, name = 0, None
    for token in islice(_TOKEN.finditer(text), _MAX_TOKENS):
        content = token["text"]
        if content is None:
            depth += -1 if token["end"] else 1
            name = None
        elif depth == 1 and token["colon"]:
            name = content
        elif depth == 1 and name is not None:
            if "\\" not in content:
                fields.setdefault(name, content)
            name = None
    return fields


def _excerpt(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text[: 4 * _MAX_EXCERPT].decode(errors="replace")
    return repr(text[: _MAX_EXCERPT - 1] + "…" if len(text) > _MAX_EXCERPT else text)
