"""What of a conversation is sent for one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacecall.chat.conversations import Conversation
from spacecall.chat.media import Media, MediaInput
from spacecall.chat.messages import Message
from spacecall.errors import InvalidInputError

__all__ = ["Turn", "format_history", "portable", "read_turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What is sent for one answer.

    Attributes:
        prompt: the text: of the newest message alone where the server has the others.
        media: of the messages that are sent, in order.
        messages: the conversation up to this turn's answer; their media are `Media`.
    """

    prompt: str
    media: tuple[Media, ...]
    messages: tuple[Message, ...]


def read_turn(
    messages: str | Sequence[Message],
    media: Sequence[MediaInput] = (),
    conversation: Conversation | None = None,
) -> Turn:
    """What to send for `messages` to an app that takes one text.

    On a conversation that the server keeps, only the newest user message goes. Otherwise a single
    user message goes as it is, and a longer history as `format_history` writes it, what was said
    in `conversation` included.

    Raises:
        InvalidInputError: the last message is not the user's, or says nothing; or a medium is none.
    """
    given = [Message("user", messages)] if isinstance(messages, str) else list(messages)
    if not given or given[-1].role != "user":
        raise InvalidInputError("the last message must be the user's")
    given[-1] = replace(given[-1], media=(*given[-1].media, *media))
    if not given[-1].content.strip() and not given[-1].media:
        raise InvalidInputError("the message is empty: it has neither text nor media")
    known = list(conversation.messages) if conversation else []
    kept = conversation is not None and conversation.session_hash is not None
    new = given[-1:] if kept else given
    said = tuple(
        replace(message, media=tuple(map(Media, message.media))) for message in [*known, *new]
    )
    sent = said[-len(new) :] if kept else said
    return Turn(
        prompt=sent[0].content if len(sent) == 1 else format_history(sent),
        media=tuple(one for message in sent for one in message.media if isinstance(one, Media)),
        messages=said,
    )


async def portable(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with media that can be kept and sent again: addresses, or data URIs.

    Raises:
        InvalidInputError: a medium is none, or cannot be read.
    """
    return tuple(
        [
            replace(one, media=tuple([await Media(item).portable() for item in one.media]))
            for one in messages
        ]
    )


def format_history(messages: Sequence[Message]) -> str:
    """Messages as one text: a line `Role: content` each, and the assistant's opener."""
    lines = [f"{message.role.capitalize()}: {message.content}" for message in messages]
    return "\n".join([*lines, "Assistant:"])
