"""Parse the messages of a job's stream."""

from __future__ import annotations

import json
import re
import sys
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias, cast

from spacecall._core.messages import KINDS, KnownMessage, read_message
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


class UnknownMessage(NamedTuple):
    """A message of a kind that this version of spacecall does not know, to be ignored.

    Attributes:
        msg: its kind; empty if it has none.
        event_id: the id of its job; None if it has none.
    """

    msg: str
    event_id: str | None


class MalformedMessage(NamedTuple):
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

    A stream of text has thousands of them. `ProcessGenerating` takes three times as long.

    Args:
        event_id: the id of its job.
        data: the edits or values of the outputs.
    """

    __slots__ = ("data", "event_id")
    msg: Final = "process_generating"

    def __init__(self, event_id: str, data: list[Any]) -> None:
        self.event_id = event_id
        self.data = data


Message: TypeAlias = KnownMessage | ValueUpdate | UnknownMessage | MalformedMessage

_DECODER: Final = json.JSONDecoder()
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
            fields, end = _DECODER.raw_decode(text)  # `json.loads` takes half as long again
        except (ValueError, RecursionError):
            return _parse(text)
        if end != len(text):
            return _parse(text)
        return _read_update(fields) or _interpret(text, fields)
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


def _parse(text: str | bytes) -> KnownMessage | UnknownMessage | MalformedMessage:
    try:
        fields: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"a message from the server {_syntax_problem(error)}: {_excerpt(text)}"
        strings = _find_strings(text)
        if event_id := strings.get("event_id"):
            return MalformedMessage(strings.get("msg", ""), event_id, reason)
        raise ProtocolError(reason) from error
    return _interpret(text, fields)


def _interpret(text: str | bytes, fields: Any) -> KnownMessage | UnknownMessage | MalformedMessage:
    if not isinstance(fields, dict):
        raise ProtocolError(f"a message from the server is not a JSON object: {_excerpt(text)}")
    message = cast("dict[str, Any]", fields)
    return read_message(message) or _convert(text, message)


def _convert(
    text: str | bytes, fields: dict[str, Any]
) -> KnownMessage | UnknownMessage | MalformedMessage:
    """Return a message of an unknown kind, or one whose fields have other types than usual."""
    kind, event_id = fields.get("msg"), fields.get("event_id")
    if not isinstance(kind, str) or kind not in KINDS:
        return UnknownMessage(
            msg=kind if isinstance(kind, str) else "",
            event_id=event_id if isinstance(event_id, str) else None,
        )
    from spacecall._core.message_models import convert_fields  # noqa: PLC0415 - loads pydantic

    try:
        converted = read_message(convert_fields(fields))
    except ValueError as error:
        reason = f"the {kind} message from the server is invalid at {error}: {_excerpt(text)}"
        if isinstance(event_id, str):
            return MalformedMessage(kind, event_id, reason)
        raise ProtocolError(reason) from error
    assert converted is not None, kind
    return converted


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
