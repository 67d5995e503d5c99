"""Build image requests and read image responses of each provider; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spacecall.inference._image_providers.adapter import ProviderAdapter
from spacecall.inference._image_providers.fal import FAL
from spacecall.inference._image_providers.hf_inference import HF_INFERENCE
from spacecall.inference._image_providers.openai_images import NSCALE, TOGETHER
from spacecall.inference._image_providers.replicate import REPLICATE
from spacecall.inference._image_providers.wavespeed import WAVESPEED
from spacecall.inference._image_providers.zai import ZAI

__all__ = ["ADAPTERS"]

ADAPTERS: Final[Mapping[str, ProviderAdapter]] = {
    "fal-ai": FAL,
    "hf-inference": HF_INFERENCE,
    "nscale": NSCALE,
    "replicate": REPLICATE,
    "together": TOGETHER,
    "wavespeed": WAVESPEED,
    "zai-org": ZAI,
}
"""Adapters by the provider's name."""
