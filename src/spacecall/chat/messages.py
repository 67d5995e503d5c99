"""Messages: text, and the media that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spacecall._option_checks import checked_class
from spacecall.chat.media import MediaInput

__all__ = ["Message", "Role", "ToolCall"]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""Who says a message; `tool` gives what a tool call gave, where the service has tools."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants to be called.

    Attributes:
        id: names the call in the `tool` message that answers it.
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
        media: images and audio that go with it; anything that `Media` takes.
        tool_calls: that an assistant's message asks for.
        tool_call_id: which of them a tool's message answers.
    """

    role: Role
    content: str
    media: Sequence[MediaInput] = ()
    tool_calls: Sequence[ToolCall] = ()
    tool_call_id: str | None = None
