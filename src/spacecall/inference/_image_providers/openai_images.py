"""Text-to-image by the OpenAI images API: together, nscale, and services at a `base_url`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.image_generations import GeneratedImage, GenerationsResponse
from spacecall.errors import ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import (
    ImageFormat,
    ImageRequest,
    pop_size,
    rename_options,
)
from spacecall.inference._image_providers.image_response import (
    Image,
    ImageResponse,
    from_base64,
    from_url,
)
from spacecall.inference._provider_choice import Provider


@dataclass(frozen=True, kw_only=True)
class OpenAIImages(ProviderAdapter):
    """POST /{provider}/v1/images/generations: `{prompt, model, response_format, …}`.

    Attributes:
        default_format: the requested format of images; None for the service's own.
    """

    default_format: ImageFormat | None = "base64"

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        options = request.options()
        body: dict[str, Any] = {"prompt": request.prompt, "model": provider.model}
        image_format = options.pop("response_format", self.default_format)
        if image_format is not None:
            body["response_format"] = self.formats[image_format]
        if self.one_size:
            body |= pop_size(options)
        if request.image is not None:
            body |= _image_fields(request.image_uri, provider.model)
        body |= rename_options(options, self.names) | dict(request.extra_body)
        prefix = f"/{provider.name}" if provider.name else ""
        return Request("POST", f"{prefix}/v1/images/generations", json=body)

    def read_response(
        self,
        body: bytes,
        content_type: str,  # noqa: ARG002
        request: ImageRequest,  # noqa: ARG002
    ) -> ImageResponse:
        """Read images from base64 or URLs."""
        answer = parse_response(GenerationsResponse, body, "a list of images")
        if not answer.data:
            raise ProtocolError("the response has no images")
        return ImageResponse(tuple(_read_image(image) for image in answer.data))


def _image_fields(uri: str, model: str) -> dict[str, Any]:
    """Return the field for an image at together: FLUX.1 Kontext has another one than the others."""
    name = model.lower()
    is_kontext = "kontext" in name and "flux.1" in name
    return {"image_url": uri} if is_kontext else {"reference_images": [uri]}


def _read_image(image: GeneratedImage) -> Image:
    if image.b64_json:
        return from_base64(image.b64_json)
    if image.url:
        return from_url(image.url)
    raise ProtocolError("the response has neither the bytes of an image nor its URL")


TOGETHER: Final = OpenAIImages(
    names=same_names("n", "width", "height", "negative_prompt", "guidance_scale", "seed")
    | {"num_inference_steps": "steps"},
    formats={"base64": "base64", "url": "url"},
    takes_image=True,
)
NSCALE: Final = OpenAIImages(
    names=same_names("n", "width", "height", "negative_prompt", "seed"),
    formats={"base64": "b64_json", "url": "url"},
    one_size=True,
)
OWN_SERVICE: Final = OpenAIImages(
    names=same_names(
        "n",
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed"),
    ),
    formats={"base64": "b64_json", "url": "url"},
    default_format=None,  # some models of OpenAI refuse the field
    one_size=True,
)
"""Any service with OpenAI's interface; vLLM and SGLang have the names of the other options."""
