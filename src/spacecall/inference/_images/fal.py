"""Text-to-image at fal-ai."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.requests import Request
from spacecall._wire.inference.fal_images import FalImageResponse
from spacecall.errors import ProtocolError
from spacecall.inference._images.ask import HUB, Ask, place, renamed
from spacecall.inference._images.dialect import Dialect, same
from spacecall.inference._images.found import Answer, from_url
from spacecall.inference.providers import Provider

# What fal-ai/lora lays weights over unless it is told.
_SDXL = "stabilityai/stable-diffusion-xl-base-1.0"


class Fal(Dialect):
    """POST /fal-ai/{providerId}: `{prompt, image_size, …}`."""

    def request(self, ask: Ask, offer: Provider) -> Request:
        """What is sent to the router."""
        options = renamed(ask.options(), self.names)
        body: dict[str, Any] = {"prompt": ask.prompt}
        if "width" in options:
            body["image_size"] = {name: options.pop(name) for name in ("width", "height")}
        if ask.response_format == "base64":
            body["sync_mode"] = True
        body |= options | _weights(offer) | dict(ask.extra_data)
        return Request("POST", f"/{offer.name}/{place(offer.model)}", json=body)

    def read(self, body: bytes, content_type: str, ask: Ask) -> Answer:  # noqa: ARG002
        """The images, by url or as data URIs."""
        try:
            found = FalImageResponse.model_validate_json(body)
        except ValidationError as error:
            raise ProtocolError("expected a list of images, got something else") from error
        if not found.images:
            raise ProtocolError("the answer has no image")
        images = [
            from_url(image.url, mime_type=image.content_type, size=image.file_size)
            for image in found.images
        ]
        unfit = [number for number, is_so in enumerate(found.has_nsfw_concepts or []) if is_so]
        remarks = tuple(f"image {number} was found unfit to be shown" for number in unfit)
        return Answer(tuple(images), remarks=remarks)


FAL: Final = Fal(
    names=same(
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed")
    )
    | {"n": "num_images"},
    formats={"base64": True, "url": None},
    one_size=True,
)


def _weights(offer: Provider) -> dict[str, Any]:
    if offer.adapter != "lora" or not offer.weights:
        return {}
    path = f"{HUB}/{place(offer.source)}/resolve/main/{place(offer.weights)}"
    body: dict[str, Any] = {"loras": [{"path": path, "scale": 1}]}
    return body | ({"model_name": _SDXL} if offer.model == "fal-ai/lora" else {})
