"""Open chat models by name."""

from __future__ import annotations

from typing import Unpack

from spacecall._client.concurrency.lifetime import Connecting
from spacecall._client.concurrency.portal import SyncConnecting
from spacecall.chat._chat_model import OpenChatModel, SyncChatModel
from spacecall.models import ConnectOptions, find_model

__all__ = ["connect", "connect_sync"]


def connect(name: str, **options: Unpack[ConnectOptions]) -> Connecting[OpenChatModel]:
    """Open a chat model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; a Space, `spaces/owner/name`; or the id of a
            model on the Hub, `owner/model`, which runs on Hugging Face's inference providers.
        options: those of the model's own `connect`.

    Raises:
        NotFoundError: the name is unknown, or the model is not a chat model; the message says what
            to write.
        TypeError: the model does not have an option, or the option's type is wrong.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    entry = find_model(name, "chat")
    opening: Connecting[OpenChatModel] = entry.load().connect(**{**entry.options, **options})
    return opening


def connect_sync(name: str, **options: Unpack[ConnectOptions]) -> SyncConnecting[SyncChatModel]:
    """Open a chat model by its name, for `with` or by `open`; see `connect`."""
    return SyncChatModel.connect(connect(name, **options))
