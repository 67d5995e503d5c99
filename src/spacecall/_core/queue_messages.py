"""The messages of a job's stream, parsed from their text."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias, cast, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from spacecall._wire import queue_data
from spacecall.errors import ProtocolError

__all__ = [
    "KnownMessage",
    "MalformedMessage",
    "Message",
    "UnknownMessage",
    "parse_message",
    "wire_size",
]


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message of a kind that this version of spacecall does not know: to be passed over.

    Attributes:
        msg: its kind; empty where it names none.
        event_id: the job that it is about, where it names one.
    """

    msg: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """A message that cannot be read, or of a known kind whose fields do not fit.

    It ends the job that it is about.

    Attributes:
        msg: its kind; empty where that cannot be read.
        event_id: the job that it is about.
        reason: what does not fit, and where.
    """

    msg: str
    event_id: str
    reason: str


KnownMessage: TypeAlias = queue_data.Message
Message: TypeAlias = KnownMessage | UnknownMessage | MalformedMessage

_ADAPTER: Final[TypeAdapter[KnownMessage]] = TypeAdapter(KnownMessage)
_KINDS: Final = frozenset(
    kind
    for model in get_args(get_args(KnownMessage)[0])
    for kind in get_args(model.model_fields["msg"].annotation)
)
_QUOTED = 200
_LARGE = 2**20

_TOKEN: Final = re.compile(
    r'"(?P<text>[^"\\]*+(?:\\.[^"\\]*+)*+)"?(?:\s*+(?P<colon>:))?|[{\[]|(?P<end>[}\]])', re.DOTALL
)
_TOKENS: Final = 10_000
"""Texts and brackets of a message that is no JSON that are searched for the job it is about."""


def parse_message(text: str | bytes) -> Message:
    """The message that `text` is: the data of one SSE event, or one websocket frame.

    The values of `output.data` stay as JSON gives them.

    Raises:
        ProtocolError: `text` is not a JSON object, has a number of too many digits or too deep
            nesting, or the fields of a known kind do not fit it; and it names no job. With one it
            is a `MalformedMessage`.
    """
    try:
        return _parse(text)
    except MemoryError as error:
        raise ProtocolError(f"no memory for a message of {len(text)} bytes") from error


def wire_size(text: str) -> int:
    """Return the bytes that `text` had on the wire."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _parse(text: str | bytes) -> Message:
    try:
        if len(text) < _LARGE:
            return _ADAPTER.validate_json(text)
        # The same in two steps takes half of the memory: 33 bytes for a byte of JSON, not 56.
        return _ADAPTER.validate_python(from_json(text))
    except (ValueError, RecursionError):
        return _look_again(text)


def _look_again(text: str | bytes) -> Message:
    """The slow way, for unknown kinds and for JSON that only Python's own parser takes.

    That is half a surrogate pair in an escape, which servers to 4.19 can send, and deep nesting.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"a message {_unreadable(error)}: {_quote(text)}"
        named = _named(text)
        if event_id := named.get("event_id"):
            return MalformedMessage(named.get("msg", ""), event_id, reason)
        raise ProtocolError(reason) from error
    if not isinstance(data, dict):
        raise ProtocolError(f"a message is not a JSON object: {_quote(text)}")
    fields = cast("dict[str, Any]", data)
    kind, event_id = fields.get("msg"), fields.get("event_id")
    if not isinstance(kind, str) or kind not in _KINDS:
        return UnknownMessage(
            msg=kind if isinstance(kind, str) else "",
            event_id=event_id if isinstance(event_id, str) else None,
        )
    try:
        return _ADAPTER.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        reason = f"a {kind} message does not fit at {place!r}: {first['msg']}: {_quote(text)}"
        if isinstance(event_id, str):
            return MalformedMessage(kind, event_id, reason)
        raise ProtocolError(reason) from error


def _unreadable(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "is not JSON"
    return f"has a number of more than {sys.get_int_max_str_digits()} digits"


def _named(text: str | bytes) -> dict[str, str]:
    """The texts that the outermost object of a message has, as far as it can be told without JSON.

    Each is under the name that comes before it; one with an escape in it is left out.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    named: dict[str, str] = {}
    depth, name = 0, None
    for token in islice(_TOKEN.finditer(text), _TOKENS):
        content = token["text"]
        if content is None:
            depth += -1 if token["end"] else 1
            name = None
        elif depth == 1 and token["colon"]:
            name = content
        elif depth == 1 and name is not None:
            if "\\" not in content:
                named.setdefault(name, content)
            name = None
    return named


def _quote(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text[: 4 * _QUOTED].decode(errors="replace")
    return repr(text[: _QUOTED - 1] + "…" if len(text) > _QUOTED else text)
