"""Open chat models by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Unpack

from spacecall._client.concurrency.lifetime import Connecting, replaceable
from spacecall._client.concurrency.portal import SyncConnecting
from spacecall.chat._chat_model import OpenChatModel, SyncChatModel
from spacecall.models import (
    ConnectOptions,
    ModelEntry,
    find_chat_model,
    find_model,
    may_be_space,
)

__all__ = ["connect", "connect_sync"]


def connect(name: str, **options: Unpack[ConnectOptions]) -> Connecting[OpenChatModel]:
    """Open a chat model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; a Space, `spaces/owner/name`, or the address of
            any chat app; or the id of a model on the Hub, `owner/model`, which runs on Hugging
            Face's inference providers. An `owner/name` that the Hub does not have as a model is the
            Space of that id; `owner/name:auto` is always a model. With `base_url`, any name, which
            the service gets as it is.
        options: those of the model's own `connect`. An option that only one of both has says
            whether `owner/name` is a Space (`source`, `endpoint`, `verify` and others) or a model
            (`base_url`, `api_key`, `bill_to`, `cache_ttl`).

    Raises:
        NotFoundError: the name is unknown, or the model is not a chat model; the message says what
            to write. On entering: the Hub has neither a model nor a Space of this id.
        ChatShapeError (on entering): the app has no chat, or several; the message says what to do.
        InvalidInputError: the name is that of an app, which takes no `base_url`.
        TypeError: the model does not have an option, or the option's type is wrong.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    entry = find_chat_model(name, options)
    opening = _open(entry, options)
    if not may_be_space(entry, options):
        return opening
    return replaceable(opening, _space_of(entry, options))


def connect_sync(name: str, **options: Unpack[ConnectOptions]) -> SyncConnecting[SyncChatModel]:
    """Open a chat model by its name, for `with` or by `open`; see `connect`."""
    return SyncChatModel.connect(connect(name, **options))


def _open(entry: ModelEntry, options: ConnectOptions) -> Connecting[OpenChatModel]:
    opening: Connecting[OpenChatModel] = entry.load().connect(**{**entry.options, **options})
    return opening


def _space_of(
    entry: ModelEntry, options: ConnectOptions
) -> Callable[[Any], Awaitable[Connecting[OpenChatModel] | None]]:
    """Return a function that opens the Space with the id of a model that the Hub does not have."""

    async def replace(inference: Any) -> Connecting[OpenChatModel] | None:
        if not await inference._names_space(entry.name):
            return None
        return _open(find_model(f"spaces/{entry.name}", "chat"), options)

    return replace
