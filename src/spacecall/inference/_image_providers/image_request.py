"""An image request, before a provider's adapter translates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias, get_args
from urllib.parse import quote

from spacecall.errors import InvalidInputError, ProtocolError
from spacecall.inference._image_providers.image_sizes import resolve_size
from spacecall.media import Media, MediaInput

HUB: Final = "https://huggingface.co"
"""Where providers find weights, whatever the local `HF_ENDPOINT` is."""

ImageFormat: TypeAlias = Literal["base64", "url"]
"""How images arrive: inside the response, or as URLs that are fetched when the files are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """A request for images.

    Attributes:
        image: the image to start from; `embed_image` makes it ready to be sent.
        width: in pixels.
        height: in pixels.
        ratio: the requested aspect ratio, unless a width or a height overrides it.
        n: the number of images; None for 1.
        extra_body: more fields of the request, sent unchanged; they override the others.
    """

    prompt: str
    image: Media | None = None
    width: int | None = None
    height: int | None = None
    ratio: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    guidance_scale: float | None = None
    num_inference_steps: int | None = None
    n: int | None = None
    response_format: ImageFormat | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def image_uri(self) -> str:
        """The URL or data URI of the image; empty without one."""
        return (self.image and self.image.uri) or ""

    async def embed_image(self) -> ImageRequest:
        """Return the request with an image that has a `uri`.

        Raises:
            InvalidInputError: the image cannot be read.
        """
        return self if self.image is None else replace(self, image=await self.image.portable())

    def options(self) -> dict[str, Any]:
        """Return the options that are set, except the prompt and the image."""
        values = {
            "negative_prompt": self.negative_prompt,
            "width": self.width,
            "height": self.height,
            "guidance_scale": self.guidance_scale,
            "num_inference_steps": self.num_inference_steps,
            "seed": self.seed,
            "n": self.n,
            "response_format": self.response_format,
        }
        return {name: value for name, value in values.items() if value is not None}


def check_image_request(
    prompt: str,
    *,
    image: MediaInput | None = None,
    width: int | None = None,
    height: int | None = None,
    aspect_ratio: str | None = None,
    n: int | None = None,
    response_format: ImageFormat | None = None,
    seed: int | None = None,
    negative_prompt: str | None = None,
    guidance_scale: float | None = None,
    num_inference_steps: int | None = None,
    extra_body: Mapping[str, Any] | None = None,
) -> ImageRequest:
    """Check the values of an image request, and return it.

    Raises:
        InvalidInputError: a value is invalid, or `image` is not an image.
    """
    medium = None if image is None else Media(image, kind="image")
    if not prompt.strip():
        raise InvalidInputError("the prompt is empty: describe the image")
    if n is not None and n < 1:
        raise InvalidInputError(f"n must be at least 1 image, got {n}")
    if response_format not in (None, *get_args(ImageFormat)):
        raise InvalidInputError(f"response_format must be base64 or url, got {response_format!r}")
    size = resolve_size(width, height, aspect_ratio)
    return ImageRequest(
        prompt=prompt,
        image=medium,
        width=size[0],
        height=size[1],
        ratio=aspect_ratio if width is None and height is None else None,
        n=n,
        response_format=response_format,
        seed=seed,
        negative_prompt=negative_prompt,
        guidance_scale=guidance_scale,
        num_inference_steps=num_inference_steps,
        extra_body=extra_body or {},
    )


def pop_size(options: dict[str, Any]) -> dict[str, str]:
    """Take width and height out of options, and return the one field that some services have."""
    if "width" not in options:
        return {}
    return {"size": f"{options.pop('width')}x{options.pop('height')}"}


def rename_options(options: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Rename options to a provider's names; leave out options without one."""
    return {names[name]: value for name, value in options.items() if name in names}


def quote_model(model: str) -> str:
    """Quote a provider's name of a model as a part of a URL path; it cannot leave that path.

    Raises:
        ProtocolError: it is not the name of a model.
    """
    if any(part.strip(".") == "" for part in model.split("/")):
        raise ProtocolError(
            f"the Hub sent an invalid model name {model!r}: it cannot be part of a URL path"
        )
    return quote(model, safe="/")
