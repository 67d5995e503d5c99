"""The option dictionaries name the options of the methods that they describe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from spacecall import chat, images
from spacecall.chat_space import ChatSpace
from spacecall.inference import (
    ChatOptions,
    HuggingFaceInference,
    ImageOptions,
    InferenceOptions,
    TextOptions,
)
from spacecall.models import CHAT_MAPPING, ConnectOptions
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


def option_types(method: Callable[..., Any]) -> dict[str, str]:
    """The annotations of the options, also of those in a TypedDict."""
    types: dict[str, str] = {}
    method = inspect.unwrap(method)
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            options = method.__globals__[parameter.annotation.removeprefix("Unpack[")[:-1]]
            types |= {key: hint.__forward_arg__ for key, hint in options.__annotations__.items()}
        elif name not in ("self", "cls"):
            types[name] = parameter.annotation
    return types


def option_names(method: Callable[..., Any]) -> set[str]:
    return set(option_types(method))


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
    expected = {key: hint for key, hint in option_types(method).items() if key not in shared}
    assert expected == {
        name: hint.__forward_arg__ for name, hint in options.__annotations__.items()
    }


def test_options_of_models_by_name_are_those_of_every_implementation() -> None:
    chats = (HuggingFaceInference, Phi4Multimodal, Qvq72B, ChatSpace)
    names = {name for model in chats for name in option_names(model.chat)}
    assert set(chat.ChatModelOptions.__annotations__) == names - CHAT
    painters = (HuggingFaceInference, *FLUX, JanusPro7B, StableDiffusion35Large)
    names = {name for model in painters for name in option_names(model.generate)}
    assert set(images.ImageModelOptions.__annotations__) == names - IMAGE


def test_options_of_connecting_by_name_are_those_of_every_implementation() -> None:
    names = set(InferenceOptions.__annotations__) - {"model", "image_model"}
    names |= {"base_url", "source", "describe", "on_newer", "verify", "cert"}
    names |= CHAT_MAPPING
    assert set(get_type_hints(ConnectOptions)) == names
