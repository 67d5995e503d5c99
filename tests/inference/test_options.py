"""The option dictionaries name the options of the methods that they describe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from spacecall import chat, images
from spacecall.inference import (
    ChatOptions,
    HuggingFaceInference,
    ImageOptions,
    InferenceOptions,
    TextOptions,
)
from spacecall.models import ConnectOptions
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.spaces.flux_1_kontext_dev import Flux1KontextDev
from spacecall.spaces.flux_1_schnell import Flux1Schnell
from spacecall.spaces.janus_pro_7b import JanusPro7B
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from spacecall.spaces.qvq_72b import Qvq72B
from spacecall.spaces.stable_diffusion_3_5_large import StableDiffusion35Large

CHAT = {"messages", "media", "conversation"}
IMAGE = {"prompt", "image", "width", "height", "seed"}
FLUX = (Flux1Dev, Flux1KontextDev, Flux1Schnell)


def option_names(method: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(method).parameters) - {"self"}


@pytest.mark.parametrize(
    ("options", "method", "shared"),
    [
        (InferenceOptions, HuggingFaceInference.connect, {"base_url"}),
        (ChatOptions, HuggingFaceInference.chat, CHAT),
        (TextOptions, HuggingFaceInference.text_generation, {"messages", "conversation"}),
        (ImageOptions, HuggingFaceInference.generate, IMAGE),
    ],
)
def test_options_of_inference_are_those_of_its_methods(
    options: type, method: Callable[..., Any], shared: set[str]
) -> None:
    names = option_names(method) - shared
    assert set(options.__annotations__) == names
    parameters = inspect.signature(method).parameters
    types = {name: hint.__forward_arg__ for name, hint in options.__annotations__.items()}
    assert types == {name: parameters[name].annotation for name in names}


def test_options_of_models_by_name_are_those_of_every_implementation() -> None:
    chats = (HuggingFaceInference, Phi4Multimodal, Qvq72B)
    names = {name for model in chats for name in option_names(model.chat)}
    assert set(chat.ChatModelOptions.__annotations__) == names - CHAT
    painters = (HuggingFaceInference, *FLUX, JanusPro7B, StableDiffusion35Large)
    names = {name for model in painters for name in option_names(model.generate)}
    assert set(images.ImageModelOptions.__annotations__) == names - IMAGE


def test_options_of_connecting_by_name_are_those_of_every_implementation() -> None:
    names = set(InferenceOptions.__annotations__) - {"model", "image_model"}
    names |= {"base_url", "source", "describe", "on_newer", "verify", "cert"}
    assert set(get_type_hints(ConnectOptions)) == names
