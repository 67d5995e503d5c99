"""Chat models: messages, conversations, replies, and models by name.

::

    async with connect("phi-4") as model:
        reply = await model.chat("What is this?", media=["cat.png"])
        reply = await model.chat("And what else?", conversation=reply.conversation)
"""

from __future__ import annotations

from spacecall.chat._chat_model import AnyChatModel, ChatModel, OpenChatModel, SyncChatModel
from spacecall.chat._chat_options import ChatModelOptions
from spacecall.chat._chat_reply import ChatReply, Usage
from spacecall.chat._connect import connect, connect_sync
from spacecall.chat._conversation import Conversation
from spacecall.chat._message import Message, Role, ToolCall

__all__ = [
    "AnyChatModel",
    "ChatModel",
    "ChatModelOptions",
    "ChatReply",
    "Conversation",
    "Message",
    "OpenChatModel",
    "Role",
    "SyncChatModel",
    "ToolCall",
    "Usage",
    "connect",
    "connect_sync",
]
