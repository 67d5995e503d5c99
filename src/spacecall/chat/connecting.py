"""Open chat models by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Unpack

from spacecall._client.concurrency.lifetime import Connecting
from spacecall._client.concurrency.portal import SyncConnecting
from spacecall._option_checks import checked_call
from spacecall._suggestions import did_you_mean
from spacecall.chat.models import OpenChatModel, SyncChatModel
from spacecall.chat.options import ChatConnectOptions
from spacecall.errors import NotFoundError

__all__ = ["connect", "connect_sync"]

_INFERENCE = "spacecall.inference:HuggingFaceInference"
# In lower case. Ids of the Hub are ids of models: a Space's id may differ in case only.
_SPACES = {
    "phi-4": "spacecall.spaces.phi4_multimodal:Phi4Multimodal",
    "phi-4-multimodal": "spacecall.spaces.phi4_multimodal:Phi4Multimodal",
    "qvq-72b": "spacecall.spaces.qvq_72b:Qvq72B",
    "qwen-qvq-72b-preview": "spacecall.spaces.qvq_72b:Qvq72B",
}


@dataclass(frozen=True, slots=True)
class ModelTarget:
    """The class that implements a named model.

    Attributes:
        import_path: `module:Class`.
        options: implied by the name.
    """

    import_path: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def address_option(self) -> str:
        """The option of `connect` that takes another address."""
        return "base_url" if self.import_path == _INFERENCE else "source"

    def load(self) -> Any:
        """Import the class."""
        module, _, name = self.import_path.partition(":")
        return getattr(import_module(module), name)


def connect(name: str, **options: Unpack[ChatConnectOptions]) -> Connecting[OpenChatModel]:
    """Open a chat model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; or the id of a model on the Hub, `owner/model`,
            which runs on Hugging Face's inference providers.
        options: those of the model's own `connect`.

    Raises:
        NotFoundError: the name is unknown; the message suggests similar ones.
        TypeError: the model does not have an option, or the option's type is wrong.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    target = find_model(name)
    opening: Connecting[OpenChatModel] = target.load().connect(**{**target.options, **options})
    return opening


def connect_sync(name: str, **options: Unpack[ChatConnectOptions]) -> SyncConnecting[SyncChatModel]:
    """Open a chat model by its name, for `with` or by `open`; see `connect`."""
    return SyncChatModel.connect(connect(name, **options))


@checked_call
def find_model(name: str) -> ModelTarget:
    """Return the class that implements the model `name`.

    Raises:
        NotFoundError: the name is unknown; the message suggests similar ones.
    """
    key = name.strip().casefold()
    if key in _SPACES:
        return ModelTarget(_SPACES[key])
    owner, slash, model = name.strip().partition("/")
    if slash and owner and model and "/" not in model:
        return ModelTarget(_INFERENCE, {"model": name.strip()})
    aliases: Mapping[str, str] = ModelTarget("spacecall.inference:ALIASES").load()
    if key in aliases:
        return ModelTarget(_INFERENCE, {"model": key})
    hint = did_you_mean(key, [*_SPACES, *aliases], "write its id on the Hub, owner/model", count=3)
    raise NotFoundError(f"unknown chat model {name!r}; {hint}")
