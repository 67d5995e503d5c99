"""Messages: text with media, and the calls and results of tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from spacecall._option_checks import checked_class
from spacecall.chat._content_parts import ContentPart, PartDict, VideoUrl, read_part
from spacecall.errors import InvalidInputError
from spacecall.media import Media, MediaInput

__all__ = ["Message", "ReasoningField", "Role", "ToolCall"]

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
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
        extra_content: what the service wants back with the call, such as Gemini's
            `thought_signature`.
    """

    id: str
    name: str
    arguments: str
    extra_content: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)


@checked_class
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        content: its text; or texts, `Media`, `VideoUrl` and the parts that services with the
            interface of OpenAI take, in their order.
        media: images and audio after the content; anything that `Media` takes.
        tool_calls: requested by an assistant's message.
        tool_call_id: of the call that a tool's message answers.
        reasoning: the thinking of an assistant's message.
        reasoning_field: where the service had it, and gets it back while tools are called; None to
            never send it.
        name: of the author, if the service distinguishes authors of the same role.
    """

    role: Role
    content: str | Sequence[ContentPart | PartDict]
    media: Sequence[MediaInput] = ()
    tool_calls: Sequence[ToolCall] = ()
    tool_call_id: str | None = None
    reasoning: str = ""
    reasoning_field: ReasoningField | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The text of the content, without its other parts."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part for part in self.parts if isinstance(part, str))

    @property
    def parts(self) -> tuple[ContentPart, ...]:
        """The parts of the content, and then the media.

        Raises:
            InvalidInputError: a part or a medium is invalid.
        """
        return (*_read_content(self.content, "content"), *read_media(self.media, "media"))

    @property
    def is_empty(self) -> bool:
        """Whether it has neither text nor anything else."""
        parts = self.parts
        return not any(part.strip() if isinstance(part, str) else part for part in parts)


def normal_message(message: Message, place: str) -> Message:
    """Return the message with its parts and media read.

    Args:
        place: of the message, in errors.

    Raises:
        InvalidInputError: a part or a medium is invalid; the message says where.
    """
    content = message.content
    if not isinstance(content, str):
        content = _read_content(content, f"{place}.content")
    return replace(message, content=content, media=read_media(message.media, f"{place}.media"))


def read_media(media: Sequence[MediaInput], place: str) -> tuple[Media, ...]:
    """Return the media of a list.

    Args:
        place: of the list, in errors.

    Raises:
        InvalidInputError: it is not a list, or a medium is invalid; the message says which.
    """
    if not _is_list(media):
        kind = _kind_of(media)
        raise InvalidInputError(f"{place} must be a list of files, got {kind}: write […]")
    return tuple(_read_medium(item, f"{place}[{index}]") for index, item in enumerate(media))


def _is_list(value: object) -> bool:
    is_single = isinstance(value, (str, bytes, bytearray, Mapping))
    return isinstance(value, Iterable) and not is_single


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _read_medium(item: MediaInput, place: str) -> Media:
    if isinstance(item, Media):
        return item
    try:
        return Media(item)
    except InvalidInputError as error:
        raise InvalidInputError(f"{place}: {error.message}") from error


def _read_content(
    content: str | Sequence[ContentPart | PartDict], place: str
) -> tuple[ContentPart, ...]:
    if isinstance(content, str):
        return (content,) if content else ()
    return tuple(
        part if isinstance(part, (str, Media, VideoUrl)) else read_part(part, f"{place}[{index}]")
        for index, part in enumerate(content)
    )
