"""Chat models by name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from spacecall.chat.models import AnyChatModel, SyncChatModel
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


@asynccontextmanager
async def connect(name: str, **options: Any) -> AsyncGenerator[AnyChatModel, None]:
    """Open a chat model by its name, for an `async with` block.

    Args:
        name: an alias such as `phi-4` or `qvq-72b`; or a model id of the Hub, `owner/model`, which
            goes to Hugging Face's inference providers.
        options: those of the facade's own `connect`; `source` is another address of the app.

    Raises:
        NotFoundError: there is no such alias; the message names the nearest.
        SpaceError: the app or the service cannot be reached.
    """
    target = find_model(name)
    facade = target.load()
    async with facade.connect(**{**target.options, **options}) as model:
        yield model


@contextmanager
def connect_sync(name: str, **options: Any) -> Generator[SyncChatModel, None, None]:
    """Open a chat model by its name, for a `with` block; see the async twin."""
    with SyncChatModel.opened(connect(name, **options)) as model:
        yield model


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
    near = get_close_matches(known, [*_SPACES, *aliases], n=3)
    guess = f"; did you mean {', '.join(near)}?" if near else " (or a model id, owner/model)"
    raise NotFoundError(f"there is no chat model called {name!r}{guess}")
