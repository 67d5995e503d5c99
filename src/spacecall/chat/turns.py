"""Select the messages of a conversation that are sent for one answer."""

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
    """The content of one request for an answer.

    Attributes:
        prompt: the text; only that of the newest message if the server has the earlier ones.
        media: of the messages that are sent, in order.
        messages: the conversation before the answer; their media are `Media`.
    """

    prompt: str
    media: tuple[Media, ...]
    messages: tuple[Message, ...]


def read_turn(
    messages: str | Sequence[Message],
    media: Sequence[MediaInput] = (),
    conversation: Conversation | None = None,
) -> Turn:
    """Return the turn for `messages`, for an app that takes one text.

    If the server stores the conversation, only the newest user message is sent. Otherwise a single
    user message is sent unchanged, and a longer history, `conversation` included, as
    `format_history` writes it.

    Raises:
        InvalidInputError: the last message is not the user's, or is empty; or a medium is invalid.
    """
    newest = [Message("user", messages)] if isinstance(messages, str) else list(messages)
    if not newest or newest[-1].role != "user":
        raise InvalidInputError("the last message must be the user's")
    newest[-1] = replace(newest[-1], media=(*newest[-1].media, *media))
    if not newest[-1].content.strip() and not newest[-1].media:
        raise InvalidInputError("the message is empty: it has neither text nor media")
    history = list(conversation.messages) if conversation else []
    is_stored = conversation is not None and conversation.session_hash is not None
    newest = newest[-1:] if is_stored else newest
    messages = tuple(
        replace(message, media=tuple(map(Media, message.media))) for message in [*history, *newest]
    )
    sent = messages[-len(newest) :] if is_stored else messages
    return Turn(
        prompt=sent[0].content if len(sent) == 1 else format_history(sent),
        media=tuple(
            medium for message in sent for medium in message.media if isinstance(medium, Media)
        ),
        messages=messages,
    )


async def portable(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages with media as URLs or data URIs, which can be saved and sent again.

    Raises:
        InvalidInputError: a medium is invalid, or cannot be read.
    """
    return tuple(
        [
            replace(message, media=tuple([await Media(item).portable() for item in message.media]))
            for message in messages
        ]
    )


def format_history(messages: Sequence[Message]) -> str:
    """Write messages as one text: a line `Role: content` each, and `Assistant:` at the end."""
    lines = [f"{message.role.capitalize()}: {message.content}" for message in messages]
    return "\n".join([*lines, "Assistant:"])
