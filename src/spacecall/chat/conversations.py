"""Conversations: what was said, and where a server keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field, ValidationError

from spacecall._problems import problems
from spacecall.chat.media import Media, MediaKind, received_medium
from spacecall.chat.messages import Message, Role, ToolCall
from spacecall.errors import InvalidInputError

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What it takes to go on with a conversation, here or in another process.

    Where the server keeps the turns and their media, this value says in which session. Whoever has
    it can read and continue the conversation. Elsewhere the messages are all there is.

    Attributes:
        session_hash: the session that has the turns; None where the service keeps nothing.
        messages: what was said so far; their media only where the service keeps nothing.
        cookies: what leads to the replica that has the session.
    """

    session_hash: str | None = field(default=None, repr=False)
    messages: tuple[Message, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def to_json(self) -> str:
        """The conversation as JSON text. Of the media, those with a `Media.uri` are in it."""
        saved = _Saved(
            session_hash=self.session_hash,
            messages=[_saved_message(message) for message in self.messages],
            cookies=dict(self.cookies),
        )
        return saved.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Conversation:
        """A conversation from its JSON text.

        Its media are received data: an address of the web in it is fetched only from where
        `Limits.file_hosts` allows.

        Raises:
            InvalidInputError: this is no conversation.
        """
        try:
            saved = _Saved.model_validate_json(text)
            messages = tuple(_read_message(one) for one in saved.messages)
        except ValidationError as error:
            reasons = problems(error)
        except InvalidInputError as error:
            reasons = [error.message]
        else:
            return cls(saved.session_hash, messages, saved.cookies)
        # Not chained: pydantic's error repeats the text, which has secrets in it.
        raise InvalidInputError(f"this is not a conversation: {'; '.join(reasons)}")


class _SavedMedia(BaseModel):
    kind: MediaKind
    # A path would be read from the disk of whoever opens the conversation.
    uri: str = Field(pattern=r"^(?i)(https?://|data:)")


class _SavedMessage(BaseModel):
    role: Role
    content: str
    media: list[_SavedMedia] = []
    tool_calls: list[ToolCall] = []
    tool_call_id: str | None = None


class _Saved(BaseModel):
    session_hash: str | None = None
    messages: list[_SavedMessage] = []
    cookies: dict[str, str] = {}


def _saved_message(message: Message) -> _SavedMessage:
    media = [Media(one) for one in message.media]
    return _SavedMessage(
        role=message.role,
        content=message.content,
        media=[_SavedMedia(kind=one.kind, uri=one.uri) for one in media if one.uri is not None],
        tool_calls=list(message.tool_calls),
        tool_call_id=message.tool_call_id,
    )


def _read_message(saved: _SavedMessage) -> Message:
    media = tuple(received_medium(one.uri, one.kind) for one in saved.media)
    return Message(
        saved.role, saved.content, media, tuple(saved.tool_calls), tool_call_id=saved.tool_call_id
    )
