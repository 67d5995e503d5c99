"""Chat models: messages with media, conversations, replies, and models by name.

::

    async with connect("phi-4") as model:
        reply = await model.chat("What is this?", media=["cat.png"])
        reply = await model.chat("And what else?", conversation=reply.conversation)
"""

from __future__ import annotations

from spacecall.chat.connecting import connect, connect_sync
from spacecall.chat.conversations import Conversation
from spacecall.chat.media import Media, MediaInput, MediaKind, Picture
from spacecall.chat.messages import Message, Role, ToolCall
from spacecall.chat.models import AnyChatModel, ChatModel, SyncChatModel
from spacecall.chat.options import ChatConnectOptions, ChatModelOptions
from spacecall.chat.replies import ChatReply, Usage
from spacecall.chat.turns import Turn, format_history, portable, read_turn

__all__ = [
    "AnyChatModel",
    "ChatConnectOptions",
    "ChatModel",
    "ChatModelOptions",
    "ChatReply",
    "Conversation",
    "Media",
    "MediaInput",
    "MediaKind",
    "Message",
    "Picture",
    "Role",
    "SyncChatModel",
    "ToolCall",
    "Turn",
    "Usage",
    "connect",
    "connect_sync",
    "format_history",
    "portable",
    "read_turn",
]
