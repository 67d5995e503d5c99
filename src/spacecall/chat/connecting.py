"""Chat models by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from spacecall._client.blocking import SyncConnecting
from spacecall._client.lifetime import Connecting
from spacecall._option_checks import checked_call
from spacecall._suggestions import did_you_mean
from spacecall.chat.models import OpenChatModel, SyncChatModel
from spacecall.errors import NotFoundError

__all__ = ["connect", "connect_sync"]

_INFERENCE = "spacecall.inference:HuggingFaceInference"
# In lower case. An id of the Hub is a model's: a Space and a model may differ in case alone.
_SPACES = {
    "phi-4": "spacecall.spaces.phi4_multimodal:Phi4Multimodal",
    "phi-4-multimodal": "spacecall.spaces.phi4_multimodal:Phi4Multimodal",
    "qvq-72b": "spacecall.spaces.qvq_72b:Qvq72B",
    "qwen-qvq-72b-preview": "spacecall.spaces.qvq_72b:Qvq72B",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the name of a model leads.

    Attributes:
        place: `module:Class`.
        options: that go with the name.
    """

    place: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    def load(self) -> Any:
        """What is at the place."""
        module, _, name = self.place.partition(":")
        return getattr(import_module(module), name)


@checked_call
def connect(name: str, **options: Any) -> Connecting[OpenChatModel]:
    """Open a chat model by its name, for an `async with` block.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; or a model id of the Hub, `owner/model`, which
            goes to Hugging Face's inference providers.
        options: those of the facade's own `connect`; `source` is another address of the app.

    Raises:
        NotFoundError: there is no such alias; the message names the nearest.
        TypeError: an option is unknown to the facade, or not of its type.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    target = find_model(name)
    opening: Connecting[OpenChatModel] = target.load().connect(**{**target.options, **options})
    return opening


def connect_sync(name: str, **options: Any) -> SyncConnecting[SyncChatModel]:
    """Open a chat model by its name, for a `with` block or by `open`; see the async twin."""
    return SyncChatModel.opened(connect(name, **options))


def find_model(name: str) -> Target:
    """Where a name leads, as `connect` reads it.

    Raises:
        NotFoundError: nowhere; the message names the nearest.
    """
    known = name.strip().casefold()
    if known in _SPACES:
        return Target(_SPACES[known])
    owner, slash, model = name.strip().partition("/")
    if slash and owner and model and "/" not in model:
        return Target(_INFERENCE, {"model": name.strip()})
    aliases: Mapping[str, str] = Target("spacecall.inference.aliases:ALIASES").load()
    if known in aliases:
        return Target(_INFERENCE, {"model": known})
    hint = did_you_mean(
        known, [*_SPACES, *aliases], "write its id on the Hub, owner/model", count=3
    )
    raise NotFoundError(f"there is no chat model called {name!r}; {hint}")
