"""Conversations: their messages, and the session of a server that stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field, ValidationError

from spacecall._problems import validation_problems
from spacecall.chat._message import Message, ReasoningField, Role, ToolCall
from spacecall.errors import InvalidInputError
from spacecall.media import Media, MediaKind, received_medium

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The state to continue a conversation, in this process or in another.

    If the server stores the turns and their media, this value identifies the session: whoever has
    it can read and continue the conversation. Otherwise it consists of the messages.

    Attributes:
        session_hash: of the session that stores the turns; None if the service is stateless.
        messages: the messages so far; with their media only if the service is stateless.
        cookies: route to the replica that has the session.
    """

    session_hash: str | None = field(default=None, repr=False)
    messages: tuple[Message, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def to_json(self) -> str:
        """Return the conversation as JSON, with the media that have a `Media.uri`."""
        saved = _Saved(
            session_hash=self.session_hash,
            messages=[_saved_message(message) for message in self.messages],
            cookies=dict(self.cookies),
        )
        return saved.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Conversation:
        """Read a conversation from JSON.

        Its media are received data: a URL in it is fetched only if `Limits.file_hosts` allows it.

        Raises:
            InvalidInputError: the text is not a conversation.
        """
        try:
            saved = _Saved.model_validate_json(text)
            messages = tuple(_read_message(message) for message in saved.messages)
        except ValidationError as error:
            reasons = validation_problems(error)
        except InvalidInputError as error:
            reasons = [error.message]
        else:
            return cls(saved.session_hash, messages, saved.cookies)
        # Not chained: pydantic's error repeats the text, which has secrets in it.
        raise InvalidInputError(f"this is not a conversation: {'; '.join(reasons)}")


class _SavedMedia(BaseModel):
    kind: MediaKind
    # A path would read from the disk of the person who opens the conversation.
    uri: str = Field(pattern=r"^(?i)(https?://|data:)")


class _SavedMessage(BaseModel):
    role: Role
    content: str
    media: list[_SavedMedia] = []
    tool_calls: list[ToolCall] = []
    tool_call_id: str | None = None
    reasoning: str = ""
    reasoning_field: ReasoningField | None = None


class _Saved(BaseModel):
    session_hash: str | None = None
    messages: list[_SavedMessage] = []
    cookies: dict[str, str] = {}


def _saved_message(message: Message) -> _SavedMessage:
    media = [Media(medium) for medium in message.media]
    return _SavedMessage(
        role=message.role,
        content=message.content,
        media=[
            _SavedMedia(kind=medium.kind, uri=medium.uri)
            for medium in media
            if medium.uri is not None
        ],
        tool_calls=list(message.tool_calls),
        tool_call_id=message.tool_call_id,
        reasoning=message.reasoning,
        reasoning_field=message.reasoning_field,
    )


def _read_message(saved: _SavedMessage) -> Message:
    media = tuple(received_medium(medium.uri, medium.kind) for medium in saved.media)
    return Message(
        saved.role,
        saved.content,
        media,
        tuple(saved.tool_calls),
        tool_call_id=saved.tool_call_id,
        reasoning=saved.reasoning,
        reasoning_field=saved.reasoning_field,
    )
