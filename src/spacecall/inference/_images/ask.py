"""What is asked for, in nobody's dialect, and how a provider's dialect renames it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args
from urllib.parse import quote

from spacecall.errors import InvalidInputError, ProtocolError
from spacecall.inference._images.sizes import image_size

HUB: Final = "https://huggingface.co"
"""Where a provider finds weights, whatever `HF_ENDPOINT` says here."""

ImageFormat: TypeAlias = Literal["base64", "url"]
"""How images come: in the answer, or as addresses that are fetched when they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An order for images.

    Attributes:
        ratio: as it was given, unless width or height were given too.
        n: how many images; None for one.
        extra_data: further fields of the request, as they are; they win.
    """

    prompt: str
    width: int | None = None
    height: int | None = None
    ratio: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    guidance_scale: float | None = None
    num_inference_steps: int | None = None
    n: int | None = None
    response_format: ImageFormat | None = None
    extra_data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def options(self) -> dict[str, Any]:
        """What was given beside the prompt, by the names used here."""
        named = {
            "negative_prompt": self.negative_prompt,
            "width": self.width,
            "height": self.height,
            "guidance_scale": self.guidance_scale,
            "num_inference_steps": self.num_inference_steps,
            "seed": self.seed,
            "n": self.n,
            "response_format": self.response_format,
        }
        return {name: value for name, value in named.items() if value is not None}


def check_ask(
    prompt: str,
    *,
    width: int | None,
    height: int | None,
    aspect_ratio: str | None,
    n: int | None,
    response_format: ImageFormat | None,
    **options: Any,
) -> Ask:
    """An order whose values make sense.

    Raises:
        InvalidInputError: they do not.
    """
    if not prompt.strip():
        raise InvalidInputError("there is no prompt")
    if n is not None and n < 1:
        raise InvalidInputError(f"n must be at least 1 image, got {n}")
    if response_format not in (None, *get_args(ImageFormat)):
        raise InvalidInputError(f"response_format is base64 or url, got {response_format!r}")
    wide, high = image_size(width, height, aspect_ratio)
    return Ask(
        prompt=prompt,
        width=wide,
        height=high,
        ratio=aspect_ratio if width is None and height is None else None,
        n=n,
        response_format=response_format,
        **options,
    )


def renamed(options: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The options by a provider's names; those that it has none for are left out."""
    return {names[name]: value for name, value in options.items() if name in names}


def place(model: str) -> str:
    """A provider's name of a model as part of a path, which it cannot leave.

    Raises:
        ProtocolError: it is no name of a model.
    """
    if any(part.strip(".") == "" for part in model.split("/")):
        raise ProtocolError(f"the Hub names a model {model!r}, which is no part of an address")
    return quote(model, safe="/")
