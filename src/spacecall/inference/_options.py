"""The options of HF Inference, for functions that pass them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from pydantic import BaseModel

from spacecall._io._http import HttpClient
from spacecall.chat import ChatParameters
from spacecall.hooks import Hooks
from spacecall.inference._image_providers.image_request import ImageFormat
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["ChatOptions", "ImageOptions", "InferenceOptions", "TaskOptions", "TextOptions"]


class InferenceOptions(TypedDict, total=False):
    """The options of `HuggingFaceInference.connect`, except `base_url`; see there."""

    model: str | None
    image_model: str | None
    api_key: str | None
    auth: Auth | None
    bill_to: str | None
    timeouts: Timeouts | None
    retry: Retry | None
    limits: Limits | None
    headers: Mapping[str, str] | None
    proxy: str | None
    http_client: HttpClient | None
    hooks: Hooks | None
    cache_ttl: float


class ChatOptions(ChatParameters, total=False):
    """The options of `HuggingFaceInference.chat`; see there."""

    response_format: type[BaseModel] | Mapping[str, Any] | None


class TextOptions(TypedDict, total=False):
    """The options of `HuggingFaceInference.text_generation`; see there."""

    model: str | None
    provider: str | None
    fallback: bool
    chat_format: bool | None
    action: Literal["continue"] | None
    stream: bool
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: Sequence[str] | None
    seed: int | None
    extra_body: Mapping[str, Any] | None


class ImageOptions(TypedDict, total=False):
    """The options of `HuggingFaceInference.generate` that other image models lack; see there."""

    model: str | None
    provider: str | None
    fallback: bool
    aspect_ratio: str | None
    negative_prompt: str | None
    guidance_scale: float | None
    num_inference_steps: int | None
    n: int | None
    response_format: ImageFormat | None
    extra_body: Mapping[str, Any] | None


class TaskOptions(TypedDict, total=False):
    """The common options of the tasks of `HuggingFaceInference`.

    Attributes:
        provider: the provider that runs the model; overrides the one after the colon.
        fallback: whether to try the next live provider, see `HuggingFaceInference.chat`.
        extra_body: more fields of the request, sent unchanged; they override the others.
    """

    provider: str | None
    fallback: bool
    extra_body: Mapping[str, Any] | None
