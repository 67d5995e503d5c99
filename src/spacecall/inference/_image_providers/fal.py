"""Text-to-image at fal-ai."""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.fal_images import FalImageResponse
from spacecall.errors import ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import (
    HUB,
    ImageRequest,
    quote_model,
    rename_options,
)
from spacecall.inference._image_providers.image_response import ImageResponse, from_url
from spacecall.inference._providers import Provider

# The base model of fal-ai/lora, sent so that the request does not depend on its default.
_SDXL = "stabilityai/stable-diffusion-xl-base-1.0"


class Fal(ProviderAdapter):
    """POST /fal-ai/{providerId}: `{prompt, image_size, …}`."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        options = rename_options(request.options(), self.names)
        body: dict[str, Any] = {"prompt": request.prompt}
        if "width" in options:
            body["image_size"] = {name: options.pop(name) for name in ("width", "height")}
        if request.response_format == "base64":
            body["sync_mode"] = True
        body |= options | _weights(provider) | dict(request.extra_body)
        return Request("POST", f"/{provider.name}/{quote_model(provider.model)}", json=body)

    def read_response(
        self,
        body: bytes,
        content_type: str,  # noqa: ARG002
        request: ImageRequest,  # noqa: ARG002
    ) -> ImageResponse:
        """Read images from URLs or data URIs."""
        answer = parse_response(FalImageResponse, body, "a list of images")
        if not answer.images:
            raise ProtocolError("the response of fal-ai has no images")
        images = [
            from_url(image.url, mime_type=image.content_type, size=image.file_size)
            for image in answer.images
        ]
        flags = answer.has_nsfw_concepts or []
        warnings = tuple(
            f"image {number} was classified as unsafe" for number, flag in enumerate(flags) if flag
        )
        return ImageResponse(tuple(images), warnings=warnings)


FAL: Final = Fal(
    names=same_names(
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed")
    )
    | {"n": "num_images"},
    formats={"base64": True, "url": None},
    one_size=True,
)


def _weights(provider: Provider) -> dict[str, Any]:
    if provider.adapter != "lora" or not provider.weights:
        return {}
    path = f"{HUB}/{quote_model(provider.source)}/resolve/main/{quote_model(provider.weights)}"
    body: dict[str, Any] = {"loras": [{"path": path, "scale": 1}]}
    return body | ({"model_name": _SDXL} if provider.model == "fal-ai/lora" else {})
