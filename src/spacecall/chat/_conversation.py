"""Conversations: their messages, and the session of a server that stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spacecall._problems import validation_problems
from spacecall.chat._content_parts import ContentPart, VideoUrl
from spacecall.chat._message import Message, ReasoningField, Role, ToolCall
from spacecall.errors import InvalidInputError
from spacecall.media import ImageDetail, Media, MediaKind, received_medium

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
        space: the address of the app that has the session. To any other app, neither
            `session_hash` nor `cookies` is sent.
        app_id: the id of the run of that app; None if the app does not send it.
    """

    session_hash: str | None = field(default=None, repr=False)
    messages: tuple[Message, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    space: str | None = None
    app_id: str | None = None

    def to_json(self) -> str:
        """Return the conversation as JSON, with the media that have a `Media.uri`."""
        saved = _Saved(
            version=_VERSION,
            session_hash=self.session_hash,
            messages=[_saved_message(message) for message in self.messages],
            cookies=dict(self.cookies),
            space=self.space,
            app_id=self.app_id,
        )
        return saved.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Conversation:
        """Read a conversation from JSON.

        Its media are received data: a URL in it is fetched only if `Limits.file_hosts` allows it.

        Raises:
            InvalidInputError: the text is not a conversation: it has no messages, an unknown key or
                version, or a value of a wrong type.
        """
        try:
            saved = _Saved.model_validate_json(text)
            messages = tuple(_read_message(message) for message in saved.messages)
        except ValidationError as error:
            reasons = validation_problems(error)
        except InvalidInputError as error:
            reasons = [error.message]
        else:
            return cls(saved.session_hash, messages, saved.cookies, saved.space, saved.app_id)
        # Not chained: pydantic's error repeats the text, which has secrets in it.
        raise InvalidInputError(f"this is not a conversation: {'; '.join(reasons)}")


_URI: Final = r"^(?i)(https?://|data:)"
_VERSION: Final = 1
"""Of the JSON. A key that an older reader must not leave out needs a new version."""


class _SavedValue(BaseModel):
    """A part of the JSON, which has no other keys: another object is not a conversation."""

    model_config = ConfigDict(extra="forbid")


class _SavedMedia(_SavedValue):
    kind: MediaKind
    # A path would read from the disk of the person who opens the conversation.
    uri: str = Field(pattern=_URI)
    detail: ImageDetail | None = None


class _SavedVideo(_SavedValue):
    url: str = Field(pattern=_URI)


class _SavedMessage(_SavedValue):
    role: Role
    content: str | list[str | _SavedMedia | _SavedVideo]
    media: list[_SavedMedia] = []
    tool_calls: list[ToolCall] = []
    tool_call_id: str | None = None
    reasoning: str = ""
    reasoning_field: ReasoningField | None = None
    name: str | None = None


class _Saved(_SavedValue):
    version: Literal[1] | None = None  # JSON of before there were versions has none
    messages: list[_SavedMessage]
    session_hash: str | None = None
    cookies: dict[str, str] = {}
    space: str | None = None
    app_id: str | None = None


def _saved_message(message: Message) -> _SavedMessage:
    parts = map(_saved_part, replace(message, media=()).parts)
    is_text = isinstance(message.content, str)
    return _SavedMessage(
        role=message.role,
        content=message.text if is_text else [part for part in parts if part is not None],
        media=[saved for item in message.media if (saved := _saved_media(Media(item)))],
        tool_calls=list(message.tool_calls),
        tool_call_id=message.tool_call_id,
        reasoning=message.reasoning,
        reasoning_field=message.reasoning_field,
        name=message.name,
    )


def _saved_part(part: ContentPart) -> str | _SavedMedia | _SavedVideo | None:
    if isinstance(part, Media):
        return _saved_media(part)
    return _SavedVideo(url=part.url) if isinstance(part, VideoUrl) else part


def _saved_media(medium: Media) -> _SavedMedia | None:
    if medium.uri is None:
        return None
    return _SavedMedia(kind=medium.kind, uri=medium.uri, detail=medium.detail)


def _read_message(saved: _SavedMessage) -> Message:
    content = saved.content
    return Message(
        saved.role,
        content if isinstance(content, str) else tuple(map(_read_saved_part, content)),
        tuple(map(_read_media, saved.media)),
        tuple(saved.tool_calls),
        tool_call_id=saved.tool_call_id,
        reasoning=saved.reasoning,
        reasoning_field=saved.reasoning_field,
        name=saved.name,
    )


def _read_saved_part(part: str | _SavedMedia | _SavedVideo) -> ContentPart:
    if isinstance(part, _SavedMedia):
        return _read_media(part)
    return VideoUrl(part.url) if isinstance(part, _SavedVideo) else part


def _read_media(saved: _SavedMedia) -> Media:
    return received_medium(saved.uri, saved.kind, saved.detail)
