"""The registry of chat and image models: what each name means, and which class implements it.

`spacecall.chat.connect` and `spacecall.images.connect` look names up here. A name means the same
in both: the alias of a Space (`phi-4`, `flux-dev`), the id of a Space (`spaces/owner/name`), or a
model on HF Inference (its id on the Hub, `owner/model`, or an alias such as `llama-3.3-70b`).
::

    find_model("flux-dev", "image").space  # black-forest-labs/FLUX.1-dev
    [model.name for model in list_models("chat")]

Importing this module loads none of the implementations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal, NoReturn, TypeAlias

from spacecall._client.space_options import SpaceOptions
from spacecall._option_checks import checked_call
from spacecall._suggestions import did_you_mean
from spacecall.errors import NotFoundError

__all__ = ["ConnectOptions", "ModelEntry", "ModelKind", "find_model", "list_models"]

ModelKind: TypeAlias = Literal["chat", "image"]
"""The interface of a model: `ChatModel` or `ImageModel`."""


class ConnectOptions(SpaceOptions, total=False):
    """The options of `connect` in `spacecall.chat` and `spacecall.images`.

    They are those of the model's own `connect`; an option that the model does not have is a
    TypeError.

    Attributes:
        source: of models on Spaces: the address of the app.
        base_url: of HF Inference: a service that accepts the same requests as the router.
        api_key: of HF Inference.
        bill_to: of HF Inference.
        cache_ttl: of HF Inference, in seconds.
    """

    source: str | None
    base_url: str | None
    api_key: str | None
    bill_to: str | None
    cache_ttl: float


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that `connect` opens.

    Attributes:
        name: of the model; on HF Inference its id on the Hub, or the alias as you wrote it.
        kind: the interface that its class implements.
        import_path: of its class, `module:Class`.
        space: the id of its Space; None if it runs on HF Inference.
        aliases: more names, in lower case.
    """

    name: str
    kind: ModelKind
    import_path: str
    space: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return self.name, *self.aliases

    @property
    def options(self) -> Mapping[str, str]:
        """The options of the class's `connect` that the name implies."""
        if self.space is not None:
            return {}
        return {"model" if self.kind == "chat" else "image_model": self.name}

    def load(self) -> Any:
        """Import the class and return it."""
        module, _, name = self.import_path.partition(":")
        return getattr(import_module(module), name)


_INFERENCE: Final = "spacecall.inference:HuggingFaceInference"

_ENTRIES: Final = (
    ModelEntry(
        "phi-4-multimodal",
        "chat",
        "spacecall.spaces.phi4_multimodal:Phi4Multimodal",
        "microsoft/phi-4-multimodal",
        ("phi-4",),
    ),
    ModelEntry(
        "qwen-qvq-72b-preview",
        "chat",
        "spacecall.spaces.qvq_72b:Qvq72B",
        "Qwen/QVQ-72B-preview",
        ("qvq-72b",),
    ),
    ModelEntry(
        "flux-dev",
        "image",
        "spacecall.spaces.flux_1_dev:Flux1Dev",
        "black-forest-labs/FLUX.1-dev",
        ("flux",),
    ),
    ModelEntry(
        "flux-schnell",
        "image",
        "spacecall.spaces.flux_1_schnell:Flux1Schnell",
        "black-forest-labs/FLUX.1-schnell",
    ),
    ModelEntry(
        "flux-kontext-dev",
        "image",
        "spacecall.spaces.flux_1_kontext_dev:Flux1KontextDev",
        "black-forest-labs/FLUX.1-Kontext-Dev",
    ),
    ModelEntry(
        "janus-pro-7b",
        "image",
        "spacecall.spaces.janus_pro_7b:JanusPro7B",
        "deepseek-ai/Janus-Pro-7B",
        ("janus-pro-7b-image",),
    ),
    ModelEntry(
        "sd-3.5",
        "image",
        "spacecall.spaces.stable_diffusion_3_5_large:StableDiffusion35Large",
        "stabilityai/stable-diffusion-3.5-large",
    ),
)
_HUB_MODEL: Final = re.compile(
    r"[A-Z0-9][\w.-]*/[A-Z0-9][\w.-]*(?::[\w.-]+)?", re.ASCII | re.IGNORECASE
)
"""The id of a model on the Hub; the part after a colon chooses providers."""
_BY_NAME: Final = {name: entry for entry in _ENTRIES for name in entry.names}

HUB_IDS: Final = {
    "command-r-plus": "CohereLabs/c4ai-command-r-plus-08-2024",
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
    "flux": "black-forest-labs/FLUX.1-dev",
    "flux-dev": "black-forest-labs/FLUX.1-dev",
    "flux-schnell": "black-forest-labs/FLUX.1-schnell",
    "gemma-2-27b": "google/gemma-2-27b-it",
    "llama-3": "meta-llama/Llama-3.3-70B-Instruct",
    "llama-3.2-11b": "meta-llama/Llama-3.2-11B-Vision-Instruct",
    "llama-3.3-70b": "meta-llama/Llama-3.3-70B-Instruct",
    "mistral-nemo": "mistralai/Mistral-Nemo-Instruct-2407",
    "nemotron-70b": "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF",
    "phi-3.5-mini": "microsoft/Phi-3.5-mini-instruct",
    "qvq-72b": "Qwen/QVQ-72B-Preview",
    "qwen-2-72b": "Qwen/Qwen2-72B-Instruct",
    "qwen-2-vl-7b": "Qwen/Qwen2-VL-7B-Instruct",
    "qwen-2.5-72b": "Qwen/Qwen2.5-72B-Instruct",
    "qwen-2.5-coder-32b": "Qwen/Qwen2.5-Coder-32B-Instruct",
    "qwq-32b": "Qwen/QwQ-32B",
    "sd-3.5": "stabilityai/stable-diffusion-3.5-large",
}
"""Ids on the Hub of models of HF Inference, by short names in lower case.

`find_model` prefers the Space of a name that is also in the registry.
"""


def list_models(kind: ModelKind | None = None) -> tuple[ModelEntry, ...]:
    """Return the models on Spaces that have a client in `spacecall.spaces`.

    Args:
        kind: the interface of the models; by default all models.
    """
    return tuple(entry for entry in _ENTRIES if kind in (entry.kind, None))


@checked_call
def find_model(name: str, kind: ModelKind) -> ModelEntry:
    """Return the model called `name`.

    Args:
        name: an alias, in upper or lower case; `spaces/owner/name`; or a model's id on the Hub,
            `owner/model`, which runs on HF Inference.
        kind: the interface that the model must have.

    Raises:
        NotFoundError: the name is unknown, or the model is of the other kind; the message says
            what to write.
    """
    name = name.strip()
    key = name.casefold()
    entry = _BY_NAME.get(key)
    names_space = key.startswith("spaces/")
    if names_space:
        space = key.removeprefix("spaces/")
        entry = next((entry for entry in _ENTRIES if (entry.space or "").casefold() == space), None)
    if entry is not None:
        return entry if entry.kind == kind else _refuse_kind(entry, name)
    if not names_space and _HUB_MODEL.fullmatch(name):
        return ModelEntry(name, kind, _INFERENCE)
    if key in HUB_IDS:
        alias = ModelEntry(key, "chat", _INFERENCE)
        return alias if kind == "chat" else _refuse_kind(alias, name)
    names = [name for entry in list_models(kind) for name in entry.names]
    spaces = [f"spaces/{entry.space}" for entry in list_models(kind)]
    remedy = "write its id on the Hub, owner/model"
    if names_space:
        remedy = f"use one of {', '.join(spaces)}"
    elif kind == "chat":
        names += [alias for alias in HUB_IDS if alias not in _BY_NAME]
    else:
        remedy = f"use {', '.join(names)}, or {remedy}"
    hint = did_you_mean(key, [*names, *spaces], remedy, count=3)
    raise NotFoundError(f"unknown {kind} model {name!r}; {hint}")


def _refuse_kind(entry: ModelEntry, name: str) -> NoReturn:
    module = "spacecall.chat" if entry.kind == "chat" else "spacecall.images"
    article = "a chat" if entry.kind == "chat" else "an image"
    raise NotFoundError(f"{name!r} is {article} model: open it with {module}.connect")
