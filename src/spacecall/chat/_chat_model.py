"""The interface of chat models, with and without async."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Unpack, cast

from spacecall._client.calls.call import Call
from spacecall._client.concurrency.portal import Portal, SyncClosable, SyncConnecting, connect_twin
from spacecall._client.concurrency.sync_files import SyncFiles
from spacecall.chat._chat_options import ChatModelOptions
from spacecall.chat._chat_reply import ChatReply
from spacecall.chat._conversation import Conversation
from spacecall.chat._message_dicts import MessageInput
from spacecall.media import MediaInput
from spacecall.sync import SyncCall

__all__ = ["AnyChatModel", "ChatModel", "OpenChatModel", "SyncChatModel"]


class ChatModel(Protocol):
    """A chat model; an implementation may have more options."""

    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
    ) -> Call[ChatReply]:
        """Ask the model: await the call, or enter it to stream `job.text`.

        Args:
            messages: a prompt; or several messages, of which the last is the user's.
            media: images and audio for the last message.
            conversation: of an earlier reply, to continue it.
        """
        ...


class AnyChatModel(ChatModel, Protocol):
    """A model that was opened by name; its options are checked at run time."""

    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        **options: Unpack[ChatModelOptions],
    ) -> Call[ChatReply]:
        """Ask the model; see `ChatModel.chat`. The options are those of the implementation."""
        ...


class OpenChatModel(AnyChatModel, Protocol):
    """A model that `connect` opened."""

    async def aclose(self) -> None:
        """Cancel the calls that still run, and close the connection."""
        ...


class SyncChatModel(SyncClosable, SyncFiles):
    """Any chat model without async. Open one with `connect`."""

    def __init__(self, portal: Portal, model: ChatModel) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def connect(
        cls, model: AbstractAsyncContextManager[ChatModel]
    ) -> SyncConnecting[SyncChatModel]:
        """Open a chat model without async: `with SyncChatModel.connect(Phi4Multimodal.connect())`.

        Or `phi = SyncChatModel.connect(Phi4Multimodal.connect()).open()`, until `phi.close()`.
        """
        return connect_twin(cls, model, "a chat model")

    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        **options: Unpack[ChatModelOptions],
    ) -> SyncCall[ChatReply]:
        """Ask the model; see `ChatModel.chat`. The options are those of the implementation."""
        model, portal = cast("AnyChatModel", self._model), self._portal

        def start() -> SyncCall[ChatReply]:
            call = model.chat(messages, media=media, conversation=conversation, **options)
            return SyncCall(portal, call)

        return portal.call(start)
