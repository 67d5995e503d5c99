"""Text-to-image at hf-inference: the answer is the image."""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.requests import Request
from spacecall.inference._images.ask import Ask, place, renamed
from spacecall.inference._images.dialect import Dialect, same
from spacecall.inference._images.found import Answer, from_bytes
from spacecall.inference.providers import Provider


class HfInference(Dialect):
    """POST /hf-inference/models/{id}: `{inputs, parameters}`."""

    def request(self, ask: Ask, offer: Provider) -> Request:
        """What is sent to the router."""
        parameters = renamed(ask.options(), self.names) | dict(ask.extra_data)
        body: dict[str, Any] = {"inputs": ask.prompt}
        if parameters:
            body["parameters"] = parameters
        return Request("POST", f"/{offer.name}/models/{place(offer.model)}", json=body)

    def read(self, body: bytes, content_type: str, ask: Ask) -> Answer:  # noqa: ARG002
        """The image."""
        return Answer((from_bytes(body, content_type),))


HF_INFERENCE: Final = HfInference(
    names=same(
        "negative_prompt", "width", "height", "guidance_scale", "num_inference_steps", "seed"
    ),
    formats={"base64": None},
    headers={"accept": "image/png"},
    one_image=True,
)
