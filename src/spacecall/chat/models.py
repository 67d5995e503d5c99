"""What every chat model does, with async and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, cast

from spacecall._client.blocking import Portal, SyncClosable, SyncConnecting, hold
from spacecall._client.call import Call
from spacecall.chat.conversations import Conversation
from spacecall.chat.media import MediaInput
from spacecall.chat.messages import Message
from spacecall.chat.replies import ChatReply
from spacecall.sync import SyncCall

__all__ = ["AnyChatModel", "ChatModel", "OpenChatModel", "SyncChatModel"]


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


class OpenChatModel(AnyChatModel, Protocol):
    """A model that `connect` opened."""

    async def aclose(self) -> None:
        """End what still runs, and close what the model was opened with."""
        ...


class SyncChatModel(SyncClosable):
    """The twin without async of any chat model.

    Args:
        portal: to the loop that the model lives in.
        model: any facade.
    """

    def __init__(self, portal: Portal, model: ChatModel) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def opened(cls, model: AbstractAsyncContextManager[ChatModel]) -> SyncConnecting[SyncChatModel]:
        """`with SyncChatModel.opened(Phi4Multimodal.connect()) as phi`: without async.

        Or `phi = SyncChatModel.opened(Phi4Multimodal.connect()).open()`, until `phi.close()`.
        """

        def connect() -> tuple[SyncChatModel, Callable[[], None]]:
            portal, entered = hold(model, "a chat model")
            opened = cls(portal, entered)
            opened._close = portal.close
            return opened, portal.close

        return SyncConnecting(connect)

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
