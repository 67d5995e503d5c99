"""Text-to-image as OpenAI writes it: together, nscale, nebius."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from spacecall._core.requests import Request
from spacecall._wire.inference.image_generations import GeneratedImage, GenerationsResponse
from spacecall.errors import ProtocolError
from spacecall.inference._images.ask import Ask, renamed
from spacecall.inference._images.dialect import Dialect, same
from spacecall.inference._images.found import Answer, Image, from_base64, from_url
from spacecall.inference.providers import Provider


class Generations(Dialect):
    """POST /{provider}/v1/images/generations: `{prompt, model, response_format, …}`."""

    def request(self, ask: Ask, offer: Provider) -> Request:
        """What is sent to the router."""
        options = ask.options()
        body = {"prompt": ask.prompt, "model": offer.model}
        body["response_format"] = self.formats[options.pop("response_format", "base64")]
        if self.one_size and "width" in options:
            body["size"] = f"{options.pop('width')}x{options.pop('height')}"
        body |= renamed(options, self.names) | dict(ask.extra_data)
        return Request("POST", f"/{offer.name}/v1/images/generations", json=body)

    def read(self, body: bytes, content_type: str, ask: Ask) -> Answer:  # noqa: ARG002
        """The images, in base64 or by url."""
        try:
            found = GenerationsResponse.model_validate_json(body)
        except ValidationError as error:
            raise ProtocolError("expected a list of images, got something else") from error
        if not found.data:
            raise ProtocolError("the answer has no image")
        return Answer(tuple(_image(one) for one in found.data))


def _image(found: GeneratedImage) -> Image:
    if found.b64_json:
        return from_base64(found.b64_json)
    if found.url:
        return from_url(found.url)
    raise ProtocolError("the answer has neither the bytes of an image nor its address")


TOGETHER: Final = Generations(
    names=same("n", "width", "height", "negative_prompt", "guidance_scale", "seed")
    | {"num_inference_steps": "steps"},
    formats={"base64": "base64", "url": "url"},
)
NSCALE: Final = Generations(
    names=same("n", "width", "height", "negative_prompt", "seed"),
    formats={"base64": "b64_json", "url": "url"},
    one_size=True,
)
NEBIUS: Final = Generations(
    names=same(
        *("n", "width", "height", "negative_prompt", "guidance_scale"),
        *("num_inference_steps", "seed"),
    ),
    formats={"base64": "b64_json", "url": "url"},
)
