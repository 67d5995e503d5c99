"""What the chat facades share: messages with media, conversations, replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from pydantic import BaseModel, ValidationError

from spacecall.errors import InvalidInputError
from spacecall.files import File, FileInput

__all__ = ["ChatReply", "Conversation", "Message", "Role", "Turn", "read_turn"]

Role: TypeAlias = Literal["system", "user", "assistant"]
"""Who says a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        content: its text.
        media: images and audio that go with it; anything that `File` takes.
    """

    role: Role
    content: str
    media: Sequence[FileInput] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """What it takes to go on with a conversation, here or in another process.

    The server keeps the turns and their media under the session; this value says which session.
    Whoever has it can read and continue the conversation.

    Attributes:
        messages: what was said so far, without the media.
        cookies: what leads to the replica that has the session.
    """

    session_hash: str = field(repr=False)
    messages: tuple[Message, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def to_json(self) -> str:
        """The conversation as JSON text."""
        saved = _Saved(
            session_hash=self.session_hash,
            messages=[(message.role, message.content) for message in self.messages],
            cookies=dict(self.cookies),
        )
        return saved.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Conversation:
        """A conversation from its JSON text.

        Raises:
            InvalidInputError: this is no conversation.
        """
        try:
            saved = _Saved.model_validate_json(text)
        except ValidationError as error:
            raise InvalidInputError("this is not a conversation") from error
        messages = tuple(Message(role, content) for role, content in saved.messages)
        return cls(saved.session_hash, messages, saved.cookies)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """An answer; while it streams, the answer so far.

    Attributes:
        text: the whole text.
        conversation: give it with the next message, and the model remembers this one.
    """

    text: str
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """What is sent for one answer.

    Attributes:
        prompt: the text: of the newest message alone where the server has the others.
        media: files of the messages that are sent, in order.
        messages: the conversation up to this turn's answer, without media.
    """

    prompt: str
    media: tuple[File, ...]
    messages: tuple[Message, ...]


def read_turn(
    messages: str | Sequence[Message],
    media: Sequence[FileInput] = (),
    conversation: Conversation | None = None,
) -> Turn:
    """What to send for `messages`.

    On a given conversation the server knows what was said: only the newest user message goes.
    Otherwise a single user message goes as it is, and a longer history as `Role: text` lines.

    Raises:
        InvalidInputError: there is no message, or the last is not the user's; or a file is none.
    """
    given = [Message("user", messages)] if isinstance(messages, str) else list(messages)
    if not given or given[-1].role != "user":
        raise InvalidInputError("the last message must be the user's")
    given[-1] = replace(given[-1], media=(*given[-1].media, *media))
    sent = given if conversation is None else given[-1:]
    known = conversation.messages if conversation else ()
    return Turn(
        prompt=sent[0].content if len(sent) == 1 else _history(sent),
        media=tuple(File(item) for message in sent for item in message.media),
        messages=(*known, *(replace(message, media=()) for message in sent)),
    )


def _history(messages: Sequence[Message]) -> str:
    lines = [f"{message.role.capitalize()}: {message.content}" for message in messages]
    return "\n".join([*lines, "Assistant:"])


class _Saved(BaseModel):
    session_hash: str
    messages: list[tuple[Role, str]]
    cookies: dict[str, str]
