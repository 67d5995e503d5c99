"""Images at hf-inference, whose response body is the image."""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.gradio_requests import Request
from spacecall.errors import InvalidInputError
from spacecall.inference._image_providers.adapter import ProviderAdapter, same_names
from spacecall.inference._image_providers.image_request import (
    ImageRequest,
    quote_model,
    rename_options,
)
from spacecall.inference._image_providers.image_response import ImageResponse, from_bytes
from spacecall.inference._provider_choice import Provider


class HfInference(ProviderAdapter):
    """POST /hf-inference/models/{id}: `{inputs, parameters}`."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        parameters = rename_options(request.options(), self.names) | dict(request.extra_body)
        body: dict[str, Any] = {"inputs": request.prompt}
        if request.image is not None:
            body["inputs"] = _content(request.image_uri)
            parameters = {"prompt": request.prompt, **parameters}
        if parameters:
            body["parameters"] = parameters
        return Request("POST", f"/{provider.name}/models/{quote_model(provider.model)}", json=body)

    def read_response(
        self,
        body: bytes,
        content_type: str,
        request: ImageRequest,  # noqa: ARG002
    ) -> ImageResponse:
        """Return the body as an image."""
        return ImageResponse((from_bytes(body, content_type),))


def _content(uri: str) -> str:
    """Return the base64 of a data URI.

    Raises:
        InvalidInputError: it is the address of an image, which hf-inference does not fetch.
    """
    head, comma, data = uri.partition(",")
    if not comma or not head.startswith("data:"):
        raise InvalidInputError("hf-inference does not fetch images: pass the content, not a URL")
    return data


HF_INFERENCE: Final = HfInference(
    names=same_names(
        "negative_prompt", "width", "height", "guidance_scale", "num_inference_steps", "seed"
    ),
    formats={"base64": None},
    headers={"accept": "image/png"},
    one_image=True,
    takes_image=True,
)
