"""The registry of chat and image models: what each name means, and which class implements it.

`spacecall.chat.connect` and `spacecall.images.connect` look names up here. A name means the same
in both, except that `chat.connect` opens the Space of an id that the Hub does not have as a model:
the alias of a Space (`phi-4`, `flux-dev`), the id of a Space (`spaces/owner/name`) or the
address of an app, or a model on HF Inference (its id on the Hub, `owner/model`, or an alias such as
`llama-3.3-70b`).
::

    find_model("flux-dev", "image").space  # black-forest-labs/FLUX.1-dev
    [model.name for model in list_models("chat")]

Importing this module loads none of the implementations.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any, Final, Literal, NoReturn, TypeAlias

from spacecall._client.space_options import SpaceOptions
from spacecall._core.app_sources import space_id, without_secrets
from spacecall._option_checks import checked_call
from spacecall._suggestions import nearest
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["ConnectOptions", "ModelEntry", "ModelKind", "find_model", "list_models"]

ModelKind: TypeAlias = Literal["chat", "image"]
"""The interface of a model: `ChatModel` or `ImageModel`."""


class ConnectOptions(SpaceOptions, total=False):
    """The options of `connect` in `spacecall.chat` and `spacecall.images`.

    They are those of the model's own `connect`; an option that the model does not have is a
    TypeError.

    Attributes:
        source: of models on Spaces: the address of the app.
        base_url: of HF Inference: another service with OpenAI's interface, which gets the name of
            the model as it is.
        api_key: of HF Inference.
        bill_to: of HF Inference.
        cache_ttl: of HF Inference, in seconds.
        endpoint: of any chat app: the endpoint that answers.
        message: of any chat app: the parameter that takes the message.
        history: of any chat app: the parameter that takes the earlier messages.
        answer: of any chat app: the label or the number of the output that has the answer.
        additional_inputs: of any chat app: values of its other parameters.
    """

    source: str | None
    base_url: str | None
    api_key: str | None
    bill_to: str | None
    cache_ttl: float
    endpoint: str | None
    message: str | None
    history: str | None
    answer: str | int | None
    additional_inputs: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that `connect` opens.

    Attributes:
        name: of the model; on HF Inference its id on the Hub, or the alias as you wrote it; at a
            `base_url` as you wrote it.
        kind: the interface that its class implements.
        import_path: of its class, `module:Class`.
        space: the id of its Space, or the address of its app; None if it runs on HF Inference.
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
            return {"source": self.space}
        return {"model" if self.kind == "chat" else "image_model": self.name}

    def load(self) -> Any:
        """Import the class and return it."""
        module, _, name = self.import_path.partition(":")
        return getattr(import_module(module), name)


_INFERENCE: Final = "spacecall.inference:HuggingFaceInference"
_CHAT_SPACE: Final = "spacecall.chat_space:ChatSpace"
CHAT_MAPPING: Final = frozenset({"endpoint", "message", "history", "answer", "additional_inputs"})
"""The options that say how a chat app is used."""
_SPACE_OPTIONS: Final = CHAT_MAPPING | {"source", "verify", "cert", "describe", "on_newer"}
"""The options that only apps have."""
_INFERENCE_OPTIONS: Final = frozenset({"base_url", "api_key", "bill_to", "cache_ttl"})
"""The options that only HF Inference has."""

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
_HUB_PAGE: Final = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+)/?(?:[?#].*)?", re.ASCII
)
_BARE_ADDRESS: Final = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+):\d{1,5}(?:/.*)?", re.ASCII)
"""An address without its scheme."""
_HUB_FOLDERS: Final = frozenset({"api", "collections", "datasets", "docs", "papers", "spaces"})
"""First parts of the addresses of other pages."""
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
HUB_IDS_DATE: Final = date(2026, 11, 27)
"""The day on which these ids were collected; `spacecall doctor --models` checks them."""


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
        name: an alias, in upper or lower case; `spaces/owner/name` or the address of an app; or a
            model's id on the Hub, `owner/model`, which runs on HF Inference. An id or alias of HF
            Inference may have `:provider` at its end.
        kind: the interface that the model must have.

    Raises:
        NotFoundError: the name is unknown, or the model is of the other kind; the message says
            what to write.
    """
    name = hub_model(name) or name.strip()
    key = name.casefold()
    entry = _BY_NAME.get(key)
    address = _app_address(name)
    if address is not None:
        entry = _find_app(address, kind)
    if entry is not None:
        return entry if entry.kind == kind else _refuse_kind(entry, name)
    if address is None and _HUB_MODEL.fullmatch(name):
        return ModelEntry(name, kind, _INFERENCE)
    alias, _, provider = key.partition(":")
    if alias in HUB_IDS and (provider or ":" not in key):
        # An alias of a model that makes images belongs to its Space, unless it has a provider.
        is_image = alias in _BY_NAME and _BY_NAME[alias].kind == "image"
        entry = ModelEntry(key, "image" if is_image else "chat", _INFERENCE)
        return entry if entry.kind == kind else _refuse_kind(entry, name)
    raise NotFoundError(_explain_unknown(name, kind))


def find_chat_model(name: str, options: ConnectOptions) -> ModelEntry:
    """Return the chat model called `name`, if it is opened with these options.

    An option that says how a chat app is used makes any `owner/name` a Space; so does another
    option of apps if `owner/name` is not a known model. At a `base_url`, any name is a model of
    that service.

    Raises:
        InvalidInputError: there is a `base_url`, and the name is that of an app.
        NotFoundError: as `find_model` does.
    """
    if not CHAT_MAPPING.isdisjoint(options):
        return find_chat_app(name)
    entry = _find_at_service(name, "chat", options) or find_model(name, "chat")
    if _is_unknown_id(entry) and not _SPACE_OPTIONS.isdisjoint(options):
        return find_chat_app(name)
    return entry


def find_image_model(name: str, options: ConnectOptions) -> ModelEntry:
    """Return the image model called `name`, if it is opened with these options.

    Raises:
        InvalidInputError: there is a `base_url`, and the name is that of an app.
        NotFoundError: as `find_model` does.
    """
    return _find_at_service(name, "image", options) or find_model(name, "image")


def _find_at_service(name: str, kind: ModelKind, options: ConnectOptions) -> ModelEntry | None:
    """Return the entry of a model at a `base_url`, which gets any name but that of an app.

    Raises:
        InvalidInputError: the name is that of an app.
    """
    is_text = isinstance(name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not (is_text and name.strip() and options.get("base_url")):
        return None
    if hub_model(name) is not None:
        return None
    if _app_address(name) is not None:
        shown = without_secrets(name) if "://" in name else name
        raise InvalidInputError(
            f"{shown!r} is the name or address of an app, which takes no base_url: write the name "
            "of a model of the service"
        )
    return ModelEntry(name, kind, _INFERENCE)


def names_chat_app(name: str) -> bool:
    """Return whether a name is that of a chat app, whatever the Hub says.

    It is an alias, `spaces/owner/name`, or an address.
    """
    entry = _BY_NAME.get(name.strip().casefold())
    if entry is not None:
        return entry.kind == "chat"
    return _app_address(name) is not None and hub_model(name) is None


def may_be_space(entry: ModelEntry, options: Collection[str]) -> bool:
    """Return whether a chat model may be a Space of the same id: only the Hub knows.

    A model that is known, has a provider, or is opened with an option of HF Inference is not.
    """
    return _is_unknown_id(entry) and _INFERENCE_OPTIONS.isdisjoint(options)


def _is_unknown_id(entry: ModelEntry) -> bool:
    is_id = entry.space is None and "/" in entry.name and ":" not in entry.name
    return is_id and entry.name not in HUB_IDS.values()


def find_chat_app(name: str) -> ModelEntry:
    """Return the entry of any chat app, by `owner/name`, with or without `spaces/`, or an address.

    An alias of a Space is a name too.
    """
    entry = _BY_NAME.get(name.strip().casefold())
    space = (entry and entry.space) or _app_address(name) or name.strip()
    return ModelEntry(name, "chat", _CHAT_SPACE, space)


def hub_model(address: str) -> str | None:
    """Return the id of a model by the address of its page on the Hub; None for another text."""
    page = _HUB_PAGE.fullmatch(address.strip())
    return page[1] if page and page[1].partition("/")[0] not in _HUB_FOLDERS else None


def _app_address(name: str) -> str | None:
    """Return the Space id or the address of an app that a name means; None for other names."""
    name = name.strip()
    prefix, slash, rest = name.partition("/")
    if slash and prefix.casefold() == "spaces":
        return rest
    if name.casefold().startswith(("http://", "https://")):
        return space_id(name) or name
    return None


def _find_app(address: str, kind: ModelKind) -> ModelEntry | None:
    """Return the entry of an app: a registered one, or any chat app."""
    space = address.casefold()
    entry = next((entry for entry in _ENTRIES if (entry.space or "").casefold() == space), None)
    is_app = space_id(address) is not None or "://" in address
    if entry is None and kind == "chat" and is_app:
        return ModelEntry(address, "chat", _CHAT_SPACE, address)
    return entry


def _explain_unknown(name: str, kind: ModelKind) -> str:
    """Return what to write instead of an unknown name."""
    name = without_secrets(name) if "://" in name else name
    key = name.casefold()
    app = "a Space as spaces/owner/name, or the address of a chat app"
    by_id = "write a model's id on the Hub, owner/model"
    names = [name for entry in list_models(kind) for name in entry.names]
    spaces = [f"spaces/{entry.space}" for entry in list_models(kind)]
    if kind == "chat":
        names += [alias for alias in HUB_IDS if alias not in _BY_NAME]
        remedy = f"{by_id}, {app}"
    elif "://" in name:
        model = list_models("image")[0].name
        remedy = f"an address needs the name of its model: connect({model!r}, source={name!r})"
    else:
        remedy = f"use {', '.join(spaces if key.startswith('spaces/') else names)}, or {by_id}"
    if not name:
        return f"the name of the model is empty: {remedy}"
    if _BARE_ADDRESS.fullmatch(name):
        remedy = f"an address begins with its scheme: write http://{name}"
    near = nearest(key, [*names, *spaces])
    others = [entry for entry in _ENTRIES if entry.kind != kind]
    other = nearest(key, [name for entry in others for name in entry.names], count=1, cutoff=0.8)
    if other and not near:
        module = _module_of(_BY_NAME[other[0]].kind)
        remedy = f"did you mean {other[0]}? Open it with {module}.connect"
    elif near and "://" not in name:
        remedy = f"did you mean {' or '.join(near)}?"
    return f"unknown {kind} model {name!r}; {remedy}"


def _module_of(kind: ModelKind) -> str:
    return "spacecall.chat" if kind == "chat" else "spacecall.images"


def _refuse_kind(entry: ModelEntry, name: str) -> NoReturn:
    article = "a chat" if entry.kind == "chat" else "an image"
    raise NotFoundError(
        f"{name!r} is {article} model: open it with {_module_of(entry.kind)}.connect"
    )
