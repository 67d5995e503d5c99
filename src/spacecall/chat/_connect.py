"""Open chat models by name."""

from __future__ import annotations

from typing import Unpack

from spacecall._client.concurrency.lifetime import Connecting
from spacecall._client.concurrency.portal import SyncConnecting
from spacecall.chat._chat_model import OpenChatModel, SyncChatModel
from spacecall.models import CHAT_MAPPING, ConnectOptions, find_chat_app, find_model

__all__ = ["connect", "connect_sync"]


def connect(name: str, **options: Unpack[ConnectOptions]) -> Connecting[OpenChatModel]:
    """Open a chat model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; a Space, `spaces/owner/name`, or the address of
            any chat app; or the id of a model on the Hub, `owner/model`, which runs on Hugging
            Face's inference providers. `owner/name` is a Space too if an option says how the app is
            used: `endpoint`, `message`, `history`, `answer` or `additional_inputs`.
        options: those of the model's own `connect`.

    Raises:
        NotFoundError: the name is unknown, or the model is not a chat model; the message says what
            to write.
        ChatShapeError (on entering): the app has no chat, or several; the message says what to do.
        TypeError: the model does not have an option, or the option's type is wrong.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    is_app = not CHAT_MAPPING.isdisjoint(options)
    entry = find_chat_app(name) if is_app else find_model(name, "chat")
    opening: Connecting[OpenChatModel] = entry.load().connect(**{**entry.options, **options})
    return opening


def connect_sync(name: str, **options: Unpack[ConnectOptions]) -> SyncConnecting[SyncChatModel]:
    """Open a chat model by its name, for `with` or by `open`; see `connect`."""
    return SyncChatModel.connect(connect(name, **options))
