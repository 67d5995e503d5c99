"""HF Inference: chat, text and images from models that Hugging Face and its partners run.

::

    async with HuggingFaceInference.connect() as hf:
        reply = await hf.chat("What is a Space?", model="llama-3.3-70b")
        images = await hf.generate("a cat", model="flux-schnell", aspect_ratio="16:9")
"""

from __future__ import annotations

from spacecall._wire.inference.models import ModelInfo, RouterModel
from spacecall.inference.aliases import ALIASES, IMAGE_MODEL, TEXT_MODEL, VISION_MODEL
from spacecall.inference.facade import HuggingFaceInference, Kind
from spacecall.inference.images import ASPECT_RATIOS, IMAGE_PROVIDERS, ImageFormat
from spacecall.inference.providers import (
    Attempt,
    NoProviderError,
    Provider,
    ProvidersFailedError,
)
from spacecall.inference.sync import SyncHuggingFaceInference

__all__ = [
    "ALIASES",
    "ASPECT_RATIOS",
    "IMAGE_MODEL",
    "IMAGE_PROVIDERS",
    "TEXT_MODEL",
    "VISION_MODEL",
    "Attempt",
    "HuggingFaceInference",
    "ImageFormat",
    "Kind",
    "ModelInfo",
    "NoProviderError",
    "Provider",
    "ProvidersFailedError",
    "RouterModel",
    "SyncHuggingFaceInference",
]
