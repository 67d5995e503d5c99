"""Images at fal-ai: text-to-image at once, image-to-image through a queue."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.fal_images import FalImageResponse, FalQueued
from spacecall.errors import ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import (
    HUB,
    ImageRequest,
    quote_model,
    rename_options,
)
from spacecall.inference._image_providers.image_response import (
    ImageResponse,
    PendingPrediction,
    from_url,
)
from spacecall.inference._provider_choice import Provider

# The base model of fal-ai/lora, sent so that the request does not depend on its default.
_SDXL: Final = "stabilityai/stable-diffusion-xl-base-1.0"
NAME: Final = "fal-ai"
_QUEUE: Final = {"_subdomain": "queue"}
_RESULT_PATH: Final = re.compile(r"(/[A-Za-z0-9_-][\w.-]*){2,8}", re.ASCII)


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
        query: dict[str, str] = {}
        if request.image is not None:
            body |= {"image_url": request.image_uri, "image_urls": [request.image_uri]}
            query = _QUEUE
        body |= options | _weights(provider) | dict(request.extra_body)
        path = f"/{provider.name}/{quote_model(provider.model)}"
        return Request("POST", path, query, json=body)

    def read_response(
        self,
        body: bytes,
        content_type: str,  # noqa: ARG002
        request: ImageRequest,
    ) -> ImageResponse:
        """Read images from URLs or data URIs; or how far a request in the queue is."""
        if request.image is not None and (pending := _pending(body)) is not None:
            return ImageResponse(pending=pending)
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
    takes_image=True,
)


def _pending(body: bytes) -> PendingPrediction | None:
    """Return the next request for a request in the queue; None for a body that has its result."""
    try:
        queued = FalQueued.model_validate_json(body)
    except ValidationError:
        return None
    path = urlsplit(queued.response_url).path
    if not _RESULT_PATH.fullmatch(path):
        raise ProtocolError("fal-ai sent an invalid address of a result")
    suffix = "" if queued.status == "COMPLETED" else "/status"
    return PendingPrediction(Request("GET", f"/{NAME}{path}{suffix}", _QUEUE))


def _weights(provider: Provider) -> dict[str, Any]:
    if provider.adapter != "lora" or not provider.weights:
        return {}
    path = f"{HUB}/{quote_model(provider.source)}/resolve/main/{quote_model(provider.weights)}"
    body: dict[str, Any] = {"loras": [{"path": path, "scale": 1}]}
    return body | ({"model_name": _SDXL} if provider.model == "fal-ai/lora" else {})
