"""Chat models: messages, conversations, replies, and models by name.

::

    async with connect("phi-4") as model:
        reply = await model.chat("What is this?", media=["cat.png"])
        reply = await model.chat("And what else?", conversation=reply.conversation)
"""

from __future__ import annotations

from spacecall.chat._chat_model import AnyChatModel, ChatModel, OpenChatModel, SyncChatModel
from spacecall.chat._chat_options import (
    ChatModelOptions,
    ChatParameters,
    ReasoningEffort,
    ToolChoice,
)
from spacecall.chat._chat_reply import ChatReply, ParsedReply, ReplyChoice, TokenLogprob, Usage
from spacecall.chat._connect import connect, connect_sync
from spacecall.chat._content_parts import (
    AudioPartDict,
    AudioUrlPartDict,
    ContentPart,
    ImagePartDict,
    ImageUrlDict,
    InputAudioDict,
    PartDict,
    TextPartDict,
    UrlDict,
    VideoPartDict,
    VideoUrl,
)
from spacecall.chat._conversation import Conversation
from spacecall.chat._message import Message, ReasoningField, Role, ToolCall
from spacecall.chat._message_dicts import (
    FunctionCallDict,
    MessageDict,
    MessageInput,
    ToolCallDict,
)
from spacecall.chat._reply_deltas import DeltaKind, ReplyDelta, reply_deltas, reply_deltas_sync

__all__ = [
    "AnyChatModel",
    "AudioPartDict",
    "AudioUrlPartDict",
    "ChatModel",
    "ChatModelOptions",
    "ChatParameters",
    "ChatReply",
    "ContentPart",
    "Conversation",
    "DeltaKind",
    "FunctionCallDict",
    "ImagePartDict",
    "ImageUrlDict",
    "InputAudioDict",
    "Message",
    "MessageDict",
    "MessageInput",
    "OpenChatModel",
    "ParsedReply",
    "PartDict",
    "ReasoningEffort",
    "ReasoningField",
    "ReplyChoice",
    "ReplyDelta",
    "Role",
    "SyncChatModel",
    "TextPartDict",
    "TokenLogprob",
    "ToolCall",
    "ToolCallDict",
    "ToolChoice",
    "UrlDict",
    "Usage",
    "VideoPartDict",
    "VideoUrl",
    "connect",
    "connect_sync",
    "reply_deltas",
    "reply_deltas_sync",
]
