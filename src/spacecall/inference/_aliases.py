"""Short names of models, and the default models."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from spacecall._core.app_sources import without_secrets
from spacecall.errors import InvalidInputError
from spacecall.models import HUB_IDS, hub_model, list_models

__all__ = [
    "ALIASES",
    "IMAGE_MODEL",
    "MAKES_IMAGES",
    "TEXT_MODEL",
    "VISION_MODEL",
    "bare_model_id",
    "model_id",
    "model_path",
]

TEXT_MODEL: Final = "Qwen/Qwen2.5-72B-Instruct"
"""The default model for chat and text generation."""
VISION_MODEL: Final = "meta-llama/Llama-3.2-11B-Vision-Instruct"
"""The default model for chat with images."""
IMAGE_MODEL: Final = "black-forest-labs/FLUX.1-dev"
"""The default model for images."""

ALIASES: Final = HUB_IDS
"""Ids of models on the Hub, by short names in lower case."""

_IMAGE_NAMES: Final = frozenset(name for entry in list_models("image") for name in entry.names)
MAKES_IMAGES: Final = {model: name in _IMAGE_NAMES for name, model in ALIASES.items()}
"""Whether the models with a short name make images, by their ids."""


def model_id(model: str) -> str:
    """Resolve an alias, in upper or lower case, to a model id.

    An id stays unchanged, and so does what follows a colon. The address of a model's page on the
    Hub is its id.

    Raises:
        InvalidInputError: it names a Space, or is another address.
    """
    name, colon, suffix = (hub_model(model) or model.strip()).partition(":")
    if name.casefold().startswith("spaces/") and name.count("/") == 2:
        raise InvalidInputError(
            f"{name} is a Space, not a model: open it with spacecall.chat.connect({name!r})"
        )
    if suffix.startswith("//"):
        shown = without_secrets(model.strip())
        raise InvalidInputError(
            f"{shown!r} is not a model id: write owner/name; base_url= takes the address of a "
            "service"
        )
    return ALIASES.get(name.casefold(), name) + colon + suffix


def bare_model_id(model: object) -> str:
    """Resolve an alias or an id, without what follows a colon.

    Raises:
        InvalidInputError: it is not a text, or names a Space.
    """
    if not isinstance(model, str):
        raise InvalidInputError(f"model must be str, got {type(model).__name__}")
    return model_id(model).partition(":")[0]


_MODEL_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def model_path(model: str) -> str:
    """Quote a model id as a part of a URL path; it cannot leave that path.

    Raises:
        InvalidInputError: `model` is not a model id.
    """
    if not _MODEL_ID.fullmatch(model):
        raise InvalidInputError(f"{model!r} is not a model id: write owner/name")
    return quote(model, safe="/")
