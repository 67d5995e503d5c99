"""Replies of chat models."""

from __future__ import annotations

from dataclasses import dataclass

from spacecall.chat._conversation import Conversation
from spacecall.chat._message import ToolCall
from spacecall.files import File

__all__ = ["ChatReply", "Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The token usage of an answer; None if the service does not count."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A reply; during streaming, the reply so far.

    Attributes:
        text: the whole text.
        conversation: pass it with the next message to continue.
        finish_reason: such as `stop` or `length`, an open set; None if the service does not say.
        images: made by the model.
        usage: of tokens; None if the service does not count.
        tool_calls: requested by the model.
    """

    text: str
    conversation: Conversation
    finish_reason: str | None = None
    images: tuple[File, ...] = ()
    usage: Usage | None = None
    tool_calls: tuple[ToolCall, ...] = ()
