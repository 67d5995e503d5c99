"""Text-to-image at replicate: a prediction, which may take longer than its request."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from spacecall._core.loose import items
from spacecall._core.requests import Request
from spacecall._wire.inference.replicate import Prediction
from spacecall.errors import AppError, JobCancelledError, ProtocolError
from spacecall.inference._images.ask import HUB, Ask, place, renamed
from spacecall.inference._images.dialect import Dialect, same
from spacecall.inference._images.found import Answer, Pending, from_url
from spacecall.inference.providers import Provider

NAME: Final = "replicate"
_ID = re.compile(r"[A-Za-z0-9_-]+")


class Replicate(Dialect):
    """POST /replicate/v1/models/{id}/predictions: `{input}`; of a version, /v1/predictions."""

    def request(self, ask: Ask, offer: Provider) -> Request:
        """What is sent to the router."""
        given = {"prompt": ask.prompt} | renamed(ask.options(), self.names)
        if ask.ratio is not None:
            # Some models take this and no size; what a model does not know, replicate ignores.
            given["aspect_ratio"] = ask.ratio
        if offer.adapter == "lora" and offer.weights:
            given["lora_weights"] = f"{HUB}/{place(offer.source)}"
        given |= dict(ask.extra_data)
        model, _, version = offer.model.partition(":")
        if version:
            body = {"input": given, "version": version}
            return Request("POST", f"/{offer.name}/v1/predictions", json=body)
        path = f"/{offer.name}/v1/models/{place(model)}/predictions"
        return Request("POST", path, json={"input": given})

    def read(self, body: bytes, content_type: str, ask: Ask) -> Answer:  # noqa: ARG002
        """The images by url; those of work that is not done as far as they are there.

        Raises:
            AppError: the model failed.
            JobCancelledError: somebody cancelled it.
            ProtocolError: this is no prediction.
        """
        try:
            found = Prediction.model_validate_json(body)
        except ValidationError as error:
            raise ProtocolError("expected a prediction, got something else") from error
        if found.status in ("canceled", "aborted"):
            raise JobCancelledError(f"the prediction was {found.status}")
        if found.status == "failed" or found.error:
            raise AppError(str(found.error or "the model failed, and says nothing of why")[:300])
        urls = [found.output] if isinstance(found.output, str) else items(found.output)
        if not all(isinstance(url, str) for url in urls):
            raise ProtocolError("expected addresses of images, got something else")
        images = tuple(from_url(url) for url in urls)
        if found.status == "succeeded" or len(images) >= (ask.n or 1):
            if not images:
                raise ProtocolError("the prediction is done and has no image")
            return Answer(images)
        return Answer(images, _pending(found.id))


REPLICATE: Final = Replicate(
    names=same(
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed")
    )
    | {"n": "num_outputs"},
    formats={"url": None},
    headers={"prefer": "wait"},
)


def _pending(prediction: str | None) -> Pending:
    """Where to look for a prediction: the place that its `urls` name, by way of the router."""
    if prediction is None or not _ID.fullmatch(prediction):
        raise ProtocolError("the prediction is not done, and has no id to ask for it again")
    path = f"/{NAME}/v1/predictions/{prediction}"
    return Pending(Request("GET", path), Request("POST", f"{path}/cancel"))
