"""Messages: text with media."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spacecall._option_checks import checked_class
from spacecall.media import MediaInput

__all__ = ["Message", "ReasoningField", "Role", "ToolCall"]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""The author of a message; `tool` has the result of a tool call, if the service has tools."""

ReasoningField: TypeAlias = Literal["reasoning", "reasoning_content"]
"""The names that services have for the field with the model's thinking."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call that the model requests.

    Attributes:
        id: identifies the call in the `tool` message with its result.
        name: of the function.
        arguments: JSON text, as the model wrote it.
    """

    id: str
    name: str
    arguments: str


@checked_class
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        content: its text.
        media: attached images and audio; anything that `Media` takes.
        tool_calls: requested by an assistant's message.
        tool_call_id: of the call that a tool's message answers.
        reasoning: the thinking of an assistant's message.
        reasoning_field: where the service had it, and gets it back while tools are called; None to
            never send it.
    """

    role: Role
    content: str
    media: Sequence[MediaInput] = ()
    tool_calls: Sequence[ToolCall] = ()
    tool_call_id: str | None = None
    reasoning: str = ""
    reasoning_field: ReasoningField | None = None
