"""HF Inference: chat, text and images from models that Hugging Face and its partners run.

::

    async with HuggingFaceInference.connect() as hf:
        reply = await hf.chat("What is a Space?", model="llama-3.3-70b")
        images = await hf.generate("a cat", model="flux-schnell", aspect_ratio="16:9")
"""

from __future__ import annotations

from spacecall._wire.inference.models import (
    ModelConfig,
    ModelInfo,
    RouterModel,
    ServingProvider,
    TokenizerConfig,
)
from spacecall.inference._aliases import ALIASES, IMAGE_MODEL, TEXT_MODEL, VISION_MODEL
from spacecall.inference._finish_reasons import FailedReplyError
from spacecall.inference._generation_service import TEXT_PROVIDERS
from spacecall.inference._huggingface import HuggingFaceInference, Kind
from spacecall.inference._huggingface_sync import SyncHuggingFaceInference
from spacecall.inference._image_providers.image_request import ImageFormat
from spacecall.inference._image_providers.image_sizes import ASPECT_RATIOS
from spacecall.inference._image_service import IMAGE_PROVIDERS
from spacecall.inference._options import (
    ChatOptions,
    ImageOptions,
    InferenceOptions,
    TaskOptions,
    TextOptions,
)
from spacecall.inference._provider_choice import (
    Attempt,
    NoProviderError,
    Provider,
    ProvidersFailedError,
)
from spacecall.inference._task_requests import Transcription

__all__ = [
    "ALIASES",
    "ASPECT_RATIOS",
    "IMAGE_MODEL",
    "IMAGE_PROVIDERS",
    "TEXT_MODEL",
    "TEXT_PROVIDERS",
    "VISION_MODEL",
    "Attempt",
    "ChatOptions",
    "FailedReplyError",
    "HuggingFaceInference",
    "ImageFormat",
    "ImageOptions",
    "InferenceOptions",
    "Kind",
    "ModelConfig",
    "ModelInfo",
    "NoProviderError",
    "Provider",
    "ProvidersFailedError",
    "RouterModel",
    "ServingProvider",
    "SyncHuggingFaceInference",
    "TaskOptions",
    "TextOptions",
    "TokenizerConfig",
    "Transcription",
]
