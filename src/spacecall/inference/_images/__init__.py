"""Text-to-image as each provider speaks it: requests made and answers read, nothing sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spacecall.inference._images.dialect import Dialect
from spacecall.inference._images.fal import FAL
from spacecall.inference._images.generations import NEBIUS, NSCALE, TOGETHER
from spacecall.inference._images.hf_inference import HF_INFERENCE
from spacecall.inference._images.replicate import REPLICATE

__all__ = ["DIALECTS"]

DIALECTS: Final[Mapping[str, Dialect]] = {
    "fal-ai": FAL,
    "hf-inference": HF_INFERENCE,
    "nebius": NEBIUS,
    "nscale": NSCALE,
    "replicate": REPLICATE,
    "together": TOGETHER,
}
"""By the provider's name."""
