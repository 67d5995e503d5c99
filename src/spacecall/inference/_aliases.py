"""Short names of models, and the default models."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from spacecall.errors import InvalidInputError

__all__ = ["ALIASES", "IMAGE_MODEL", "TEXT_MODEL", "VISION_MODEL", "model_id", "model_path"]

TEXT_MODEL: Final = "Qwen/Qwen2.5-72B-Instruct"
"""The default model for chat and text generation."""
VISION_MODEL: Final = "meta-llama/Llama-3.2-11B-Vision-Instruct"
"""The default model for chat with images."""
IMAGE_MODEL: Final = "black-forest-labs/FLUX.1-dev"
"""The default model for images."""

ALIASES: Final = {
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
"""Ids of models on the Hub, by short names in lower case."""


def model_id(model: str) -> str:
    """Resolve an alias, in upper or lower case, to a model id.

    An id stays unchanged, and so does what follows a colon.
    """
    name, colon, suffix = model.strip().partition(":")
    return ALIASES.get(name.casefold(), name) + colon + suffix


_MODEL_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def model_path(model: str) -> str:
    """Quote a model id as a part of a URL path; it cannot leave that path.

    Raises:
        InvalidInputError: `model` is not a model id.
    """
    if not _MODEL_ID.fullmatch(model):
        raise InvalidInputError(f"{model!r} is not a model id: write owner/name")
    return quote(model, safe="/")
