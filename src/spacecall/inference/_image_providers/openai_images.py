"""Text-to-image by the OpenAI images API: together, nscale, nebius."""

from __future__ import annotations

from typing import Final

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.image_generations import GeneratedImage, GenerationsResponse
from spacecall.errors import ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import ImageRequest, rename_options
from spacecall.inference._image_providers.image_response import (
    Image,
    ImageResponse,
    from_base64,
    from_url,
)
from spacecall.inference._providers import Provider


class OpenAIImages(ProviderAdapter):
    """POST /{provider}/v1/images/generations: `{prompt, model, response_format, …}`."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        options = request.options()
        body = {"prompt": request.prompt, "model": provider.model}
        body["response_format"] = self.formats[options.pop("response_format", "base64")]
        if self.one_size and "width" in options:
            body["size"] = f"{options.pop('width')}x{options.pop('height')}"
        body |= rename_options(options, self.names) | dict(request.extra_body)
        return Request("POST", f"/{provider.name}/v1/images/generations", json=body)

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
)
NSCALE: Final = OpenAIImages(
    names=same_names("n", "width", "height", "negative_prompt", "seed"),
    formats={"base64": "b64_json", "url": "url"},
    one_size=True,
)
NEBIUS: Final = OpenAIImages(
    names=same_names(
        *("n", "width", "height", "negative_prompt", "guidance_scale"),
        *("num_inference_steps", "seed"),
    ),
    formats={"base64": "b64_json", "url": "url"},
)
