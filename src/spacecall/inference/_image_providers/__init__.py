"""Build image requests and read image responses of each provider; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spacecall.inference._image_providers.adapter import ProviderAdapter
from spacecall.inference._image_providers.fal import FAL
from spacecall.inference._image_providers.hf_inference import HF_INFERENCE
from spacecall.inference._image_providers.openai_images import NEBIUS, NSCALE, TOGETHER
from spacecall.inference._image_providers.replicate import REPLICATE

__all__ = ["ADAPTERS"]

ADAPTERS: Final[Mapping[str, ProviderAdapter]] = {
    "fal-ai": FAL,
    "hf-inference": HF_INFERENCE,
    "nebius": NEBIUS,
    "nscale": NSCALE,
    "replicate": REPLICATE,
    "together": TOGETHER,
}
"""Adapters by the provider's name."""
