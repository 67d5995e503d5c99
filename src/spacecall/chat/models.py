"""What every chat model does, with async and without."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol, cast

from anyio.from_thread import BlockingPortal

from spacecall._client.blocking import held, loop
from spacecall._client.call import Call
from spacecall.chat.conversations import Conversation
from spacecall.chat.media import MediaInput
from spacecall.chat.messages import Message
from spacecall.chat.replies import ChatReply
from spacecall.sync import SyncCall

__all__ = ["AnyChatModel", "ChatModel", "SyncChatModel"]


class ChatModel(Protocol):
    """A model that one can chat with; a facade may take options of its own by keyword."""

    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
    ) -> Call[ChatReply]:
        """Ask for an answer: await it, or enter it for `job.text`, the answer as it is written.

        Args:
            messages: a prompt; or several messages, of which the last is the user's.
            media: images and audio for the last message.
            conversation: of an earlier reply, to go on with.
        """
        ...


class AnyChatModel(ChatModel, Protocol):
    """A model that was found by its name: which options it takes is known when it runs."""

    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        **options: Any,
    ) -> Call[ChatReply]:
        """Ask for an answer; see `ChatModel.chat`. Options are those of the facade."""
        ...


class SyncChatModel:
    """The twin without async of any chat model.

    Args:
        portal: to the loop that the model lives in.
        model: any facade.
    """

    def __init__(self, portal: BlockingPortal, model: ChatModel) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    @contextmanager
    def opened(
        cls, model: AbstractAsyncContextManager[ChatModel]
    ) -> Generator[SyncChatModel, None, None]:
        """`with SyncChatModel.opened(Phi4Multimodal.connect()) as phi`: without async."""
        with loop() as portal, held(portal, model) as entered:
            yield cls(portal, entered)

    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        **options: Any,
    ) -> SyncCall[ChatReply]:
        """Ask for an answer; see `ChatModel.chat`. Options are those of the facade."""
        model, portal = cast("AnyChatModel", self._model), self._portal

        def make() -> SyncCall[ChatReply]:
            call = model.chat(messages, media=media, conversation=conversation, **options)
            return SyncCall(portal, call)

        return portal.call(make)
