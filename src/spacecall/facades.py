"""What you need to write a facade: a client of one Space with the interface of a model.

A facade is a `SpaceFacade` with a method `chat` or `generate`, so that it is a `ChatModel` or an
`ImageModel`::

    class Parrot(SpaceFacade):
        LABEL = "Parrot"
        SOURCE = "owner/parrot"

        def chat(self, messages, *, media=(), conversation=None) -> Call[ChatReply]:
            turn = read_turn(messages, media, conversation)
            call = self.space.call("/repeat", text=turn.prompt)
            return call.map(lambda text: ChatReply(text, Conversation(messages=turn.messages)))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, Unpack
from uuid import uuid4

from spacecall._client.concurrency.lifetime import Closable, Connecting, Lifetime, open_lifetime
from spacecall._client.space import Session, Space, SpaceView
from spacecall._client.space_options import SpaceOptions
from spacecall._option_checks import checked_call
from spacecall.chat._content_parts import VideoUrl
from spacecall.chat._conversation import Conversation
from spacecall.chat._message import Message, read_media
from spacecall.chat._message_dicts import MessageInput, empty_message, read_messages
from spacecall.errors import InvalidInputError
from spacecall.files import File
from spacecall.media import Media, MediaInput

__all__ = [
    "ServerSessions",
    "SpaceFacade",
    "Turn",
    "format_history",
    "image_file",
    "make_portable",
    "read_turn",
    "refuse_arguments",
]

_MAX_SESSIONS: Final = 10_000


class SpaceFacade(Closable):
    """A model on a Space.

    Args:
        space: an open Space, which the caller closes; `connect` opens a new one.
    """

    LABEL: ClassVar[str]
    """The displayed name of the model."""
    SOURCE: ClassVar[str]
    """The Space's id."""

    def __init__(self, space: Space) -> None:
        self._space = space

    @property
    def space(self) -> Space:
        """The Space that the facade calls."""
        return self._space

    @classmethod
    @checked_call
    def connect(
        cls, source: str | None = None, **options: Unpack[SpaceOptions]
    ) -> Connecting[Self]:
        """Open the model on a new Space: `async with Facade.connect() as model`.

        Or `model = await Facade.connect().open()`, until `await model.aclose()`.

        Args:
            source: the address of the app; by default the Space's.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        space = Space(source or cls.SOURCE, **options)

        async def connect() -> tuple[Self, Lifetime[Any]]:
            lifetime = await open_lifetime(space)
            model = cls(space)
            model._lifetime = lifetime
            return model, lifetime

        return Connecting(connect)


class ServerSessions:
    """Opens the sessions in which an app stores the turns of conversations.

    A conversation of another app, or of an earlier run of the app, is continued in a new session,
    and so is one that has a newer turn: that session holds other turns. Which turn is the newest is
    remembered for the last 10,000 sessions.

    Args:
        space: the app, open.
    """

    def __init__(self, space: SpaceView) -> None:
        self._space = space
        self._lengths: dict[str, int] = {}

    def open(
        self, conversation: Conversation | None, cookies: Mapping[str, str] | None = None
    ) -> tuple[Session, bool]:
        """Return the session for the next turn, and whether it has the conversation.

        Args:
            cookies: in addition to those of the conversation.
        """
        if conversation is not None and self._has_session(conversation):
            session = self._space.session(
                session_hash=conversation.session_hash,
                cookies={**conversation.cookies, **(cookies or {})},
            )
            return session, True
        return self._space.session(session_hash=uuid4().hex, cookies=cookies), False

    def save(self, session: Session, messages: Sequence[Message]) -> Conversation:
        """Return the conversation after a turn. The app has the media, so they are left out."""
        session_hash = session.session_hash
        length = self._lengths.pop(session_hash, 0)
        self._lengths[session_hash] = max(length, len(messages))
        if len(self._lengths) > _MAX_SESSIONS:
            del self._lengths[next(iter(self._lengths))]
        return Conversation(
            session_hash,
            tuple(replace(message, media=()) for message in messages),
            session.cookies,
            space=session.url,
            app_id=session.app_id,
        )

    def _has_session(self, conversation: Conversation) -> bool:
        """Return whether the app has the session of a conversation, with just its messages."""
        if conversation.session_hash is None or conversation.space != self._space.url:
            return False
        ids = {conversation.app_id, self._space.app_id} - {None}
        if len(ids) > 1:  # the app was restarted: its State is gone
            return False
        length = self._lengths.get(conversation.session_hash, 0)
        return len(conversation.messages) >= length


@dataclass(frozen=True, slots=True)
class Turn:
    """The content of one request for an answer.

    Attributes:
        prompt: the text; only that of the newest message if the server has the earlier ones.
        media: of the messages that are sent, in order.
        messages: the conversation before the answer; each content is a text, and the media are
            `Media`.
    """

    prompt: str
    media: tuple[Media, ...]
    messages: tuple[Message, ...]


def read_turn(
    messages: str | Sequence[MessageInput],
    media: Sequence[MediaInput] = (),
    conversation: Conversation | None = None,
    *,
    is_stored: bool = False,
) -> Turn:
    """Return the turn for `messages`, for an app that takes one text.

    If the server stores the conversation, only the newest user message is sent. Otherwise a single
    user message is sent unchanged, and a longer history, `conversation` included, as
    `format_history` writes it.

    Args:
        is_stored: whether the server stores the conversation, see `ServerSessions.open`.

    Raises:
        InvalidInputError: the last message is not the user's, or is empty; or a medium is invalid.
    """
    newest = read_messages(messages)
    if not newest or newest[-1].role != "user":
        raise InvalidInputError("the last message must be the user's")
    newest[-1] = replace(newest[-1], media=(*newest[-1].media, *read_media(media, "media")))
    if newest[-1].is_empty:
        raise empty_message(messages)
    history = list(conversation.messages) if conversation else []
    newest = newest[-1:] if is_stored else newest
    turn_messages = tuple(_flattened(message) for message in [*history, *newest])
    sent = turn_messages[-len(newest) :] if is_stored else turn_messages
    return Turn(
        prompt=sent[0].text if len(sent) == 1 else format_history(sent),
        media=tuple(part for message in sent for part in message.parts if isinstance(part, Media)),
        messages=turn_messages,
    )


def _flattened(message: Message) -> Message:
    """Return the message as one text with media after it, as apps take it."""
    if any(isinstance(part, VideoUrl) for part in message.parts):
        raise InvalidInputError("the app takes no video of a URL: leave out the VideoUrl")
    media = tuple(part for part in message.parts if isinstance(part, Media))
    return replace(message, content=message.text, media=media)


async def make_portable(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages with media as URLs or data URIs, which can be saved and sent again.

    Raises:
        InvalidInputError: a medium is invalid, or cannot be read; the message says which of its
            message.
    """
    return tuple([await _portable_message(message) for message in messages])


async def _portable_message(message: Message) -> Message:
    content = message.content
    if not isinstance(content, str):
        parts = replace(message, media=()).parts
        content = [
            await _portable(part, f"content[{index}]") if isinstance(part, Media) else part
            for index, part in enumerate(parts)
        ]
    media = [
        await _portable(medium, f"media[{index}]")
        for index, medium in enumerate(read_media(message.media, "media"))
    ]
    return replace(
        message, content=content if isinstance(content, str) else tuple(content), media=tuple(media)
    )


async def _portable(medium: Media, place: str) -> Media:
    try:
        return await medium.portable()
    except InvalidInputError as error:
        raise InvalidInputError(f"{place}: {error.message}") from error


def format_history(messages: Sequence[Message]) -> str:
    """Write messages as one text: a line `Role: content` each, and `Assistant:` at the end."""
    lines = [f"{message.role.capitalize()}: {message.text}" for message in messages]
    return "\n".join([*lines, "Assistant:"])


def image_file(image: MediaInput) -> File:
    """Return the file of an image to start from.

    Raises:
        InvalidInputError: it is not an image, or cannot be read.
    """
    medium = Media(image)
    if medium.kind != "image":
        raise InvalidInputError(f"{medium.file.name!r} is not an image: it is {medium.kind}")
    return medium.file


def refuse_arguments(model: str, **arguments: Any) -> None:
    """Refuse arguments that a model does not support, instead of ignoring them.

    Args:
        model: the displayed name of the model.
        arguments: by name; those that are None were not passed.

    Raises:
        InvalidInputError: an argument is not None.
    """
    if names := [name for name, value in arguments.items() if value is not None]:
        problems = [f"{model} does not support {name}" for name in names]
        raise InvalidInputError("; ".join(problems), problems=problems)
