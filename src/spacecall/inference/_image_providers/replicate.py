"""Images at replicate: a prediction, which may run longer than its request."""

from __future__ import annotations

import re
from typing import Any, Final

from spacecall._core.gradio_requests import Request
from spacecall._core.json_values import as_list
from spacecall._core.value_excerpts import short_repr
from spacecall._wire.inference.replicate import Prediction
from spacecall.errors import AppError, JobCancelledError, ProtocolError
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

NAME: Final = "replicate"
_ID = re.compile(r"[A-Za-z0-9_-]+")


class Replicate(ProviderAdapter):
    """POST /replicate/v1/models/{id}/predictions: `{input}`; /v1/predictions for a version."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        fields: dict[str, Any] = {"prompt": request.prompt}
        fields |= rename_options(request.options(), self.names)
        if request.ratio is not None:
            # Some models take the ratio instead of a size; replicate ignores unknown fields.
            fields["aspect_ratio"] = request.ratio
        if request.image is not None:  # each model has its own name for it, and ignores the others
            uri = request.image_uri
            fields |= {"image": uri, "images": [uri], "input_image": uri, "input_images": [uri]}
        if provider.adapter == "lora" and provider.weights:
            fields["lora_weights"] = f"{HUB}/{quote_model(provider.source)}"
        fields |= dict(request.extra_body)
        model, _, version = provider.model.partition(":")
        if version:
            body = {"input": fields, "version": version}
            return Request("POST", f"/{provider.name}/v1/predictions", json=body)
        path = f"/{provider.name}/v1/models/{quote_model(model)}/predictions"
        return Request("POST", path, json={"input": fields})

    def read_response(
        self,
        body: bytes,
        content_type: str,  # noqa: ARG002
        request: ImageRequest,
    ) -> ImageResponse:
        """Read images from URLs, those that are ready if the prediction is not done.

        Raises:
            AppError: the model failed.
            JobCancelledError: the prediction was cancelled.
            ProtocolError: the body is not a prediction.
        """
        prediction = parse_response(Prediction, body, "a prediction")
        if prediction.status in ("canceled", "aborted"):
            raise JobCancelledError(f"the prediction was {prediction.status}")
        if prediction.status == "failed" or prediction.error:
            raise AppError(str(prediction.error or "the model failed without an explanation")[:300])
        urls = (
            [prediction.output]
            if isinstance(prediction.output, str)
            else as_list(prediction.output)
        )
        for url in urls:
            if not isinstance(url, str):
                text = f"the provider sent {short_repr(url)} instead of the URL of an image"
                raise ProtocolError(text)
        images = tuple(from_url(url) for url in urls)
        if prediction.status == "succeeded" or len(images) >= (request.n or 1):
            if not images:
                raise ProtocolError("the prediction is done but has no images")
            return ImageResponse(images)
        return ImageResponse(images, _pending(prediction.id))


REPLICATE: Final = Replicate(
    names=same_names(
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed")
    )
    | {"n": "num_outputs"},
    formats={"url": None},
    headers={"prefer": "wait"},
    takes_image=True,
)


def _pending(prediction_id: str | None) -> PendingPrediction:
    """Return the requests for a prediction, through the router instead of its own `urls`."""
    if prediction_id is None or not _ID.fullmatch(prediction_id):
        raise ProtocolError("the prediction is not done, and has no id to poll it")
    path = f"/{NAME}/v1/predictions/{prediction_id}"
    return PendingPrediction(Request("GET", path), Request("POST", f"{path}/cancel"))
