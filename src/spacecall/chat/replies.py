"""What a chat model answers."""

from __future__ import annotations

from dataclasses import dataclass

from spacecall.chat.conversations import Conversation
from spacecall.chat.messages import ToolCall
from spacecall.files import File

__all__ = ["ChatReply", "Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, in tokens, where the service counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """An answer; while it streams, the answer so far.

    Attributes:
        text: the whole text.
        conversation: give it with the next message, and the model remembers this one.
        finish_reason: why it ended, such as `stop` or `length`, where the service says so; an open
            set.
        images: that the model made.
        usage: tokens, where the service counts them.
        tool_calls: what the model wants to be called.
    """

    text: str
    conversation: Conversation
    finish_reason: str | None = None
    images: tuple[File, ...] = ()
    usage: Usage | None = None
    tool_calls: tuple[ToolCall, ...] = ()
