"""Messages as the dicts of OpenAI's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypeAlias, TypedDict, cast, get_args

from spacecall._core.json_values import is_object
from spacecall.chat._content_parts import ContentPart, PartDict, read_part
from spacecall.chat._dict_reader import DictReader
from spacecall.chat._message import Message, ReasoningField, Role, ToolCall, normal_message
from spacecall.errors import InvalidInputError

__all__ = [
    "FunctionCallDict",
    "MessageDict",
    "MessageInput",
    "ToolCallDict",
    "empty_message",
    "read_messages",
]


class FunctionCallDict(TypedDict):
    """A function, and its arguments as a JSON text."""

    name: str
    arguments: str


class ToolCallDict(TypedDict, total=False):
    """A function call of an assistant's message."""

    id: Required[str]
    type: Literal["function"]
    function: Required[FunctionCallDict]
    extra_content: Mapping[str, Any] | None


class MessageDict(TypedDict, total=False):
    """A message as services with OpenAI's interface take it.

    Attributes:
        role: see `Role`.
        content: a text or parts; None only of an assistant's message.
        name: of the author.
        tool_calls: of an assistant's message.
        tool_call_id: of a tool's message: the call that it answers.
        reasoning_content: the thinking of an assistant's message.
        reasoning: the same, at services that call it so.
        refusal: of an assistant's message, in place of its content.
    """

    role: Required[Role]
    content: str | Sequence[PartDict] | None
    name: str | None
    tool_calls: Sequence[ToolCallDict] | None
    tool_call_id: str | None
    reasoning_content: str | None
    reasoning: str | None
    refusal: str | None


MessageInput: TypeAlias = Message | MessageDict
"""A message: a `Message`, or a dict in OpenAI's interface."""


def read_messages(messages: str | Sequence[MessageInput]) -> list[Message]:
    """Return messages with their parts and media read; a text is a message of the user.

    Raises:
        InvalidInputError: a message is invalid; the message says where.
    """
    if isinstance(messages, str):
        return [Message("user", messages)]
    return [_read_message(message, f"messages[{index}]") for index, message in enumerate(messages)]


def empty_message(messages: str | Sequence[MessageInput]) -> InvalidInputError:
    """Return the error for messages of which the last is empty."""
    is_single = isinstance(messages, str) or len(messages) == 1
    place = "the message" if is_single else f"messages[{len(messages) - 1}]"
    return InvalidInputError(f"{place} is empty: it has neither text nor media")


def _read_message(message: MessageInput, place: str) -> Message:
    if isinstance(message, Message):
        return normal_message(message, place)
    reader = DictReader(message, place)
    role = cast("Role", reader.choice("role", get_args(Role)))
    refusal = reader.optional_text("refusal") if role == "assistant" else None
    field: ReasoningField = "reasoning_content"
    reasoning, other_reasoning = map(reader.optional_text, ("reasoning_content", "reasoning"))
    if not reasoning:
        field, reasoning = "reasoning", other_reasoning
    result = Message(
        role,
        _read_content(reader, is_optional=role == "assistant") or refusal or "",
        tool_calls=_read_tool_calls(reader) if role == "assistant" else (),
        tool_call_id=reader.optional_text("tool_call_id"),
        reasoning=reasoning or "",
        reasoning_field=field if reasoning else None,
        name=reader.optional_text("name"),
    )
    reader.refuse_others()
    if role == "tool" and not result.tool_call_id:
        raise InvalidInputError(f"{place}.tool_call_id is missing: the id of the answered call")
    return result


def _read_content(reader: DictReader, *, is_optional: bool) -> str | tuple[ContentPart, ...]:
    content = reader.get("content")
    if isinstance(content, str):
        return content
    expected = "must be str or a list of parts"
    if content is None and not is_optional:
        raise reader.error("content", expected)
    place = f"{reader.place}.content"
    parts = reader.items("content", expected)
    return tuple(read_part(part, f"{place}[{index}]") for index, part in enumerate(parts))


def _read_tool_calls(reader: DictReader) -> tuple[ToolCall, ...]:
    place = f"{reader.place}.tool_calls"
    calls = reader.items("tool_calls")
    return tuple(
        _read_tool_call(DictReader(call, f"{place}[{index}]")) for index, call in enumerate(calls)
    )


def _read_tool_call(reader: DictReader) -> ToolCall:
    if reader.get("type") is not None:
        reader.choice("type", ("function",))
    reader.get("index")  # of a delta
    function = reader.object("function")
    extra = reader.get("extra_content")
    if extra is not None and not is_object(extra):
        raise reader.error("extra_content", "must be dict or None")
    call = ToolCall(
        reader.text("id"), function.text("name"), function.text("arguments"), extra_content=extra
    )
    function.refuse_others()
    reader.refuse_others()
    return call
