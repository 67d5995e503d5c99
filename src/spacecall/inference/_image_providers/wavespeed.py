"""Images at wavespeed: a task, which is polled."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.wavespeed import WavespeedAnswer, WavespeedTask
from spacecall.errors import AppError, ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import (
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

NAME: Final = "wavespeed"
_RESULT_PATH: Final = re.compile(r"/api/v3/[a-z]+/[A-Za-z0-9_-]+(/[a-z]+)?")


class Wavespeed(ProviderAdapter):
    """POST /wavespeed/api/v3/{model}: `{prompt, …}`."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        body: dict[str, Any] = {"prompt": request.prompt}
        if request.image is not None:
            body["image"] = request.image_uri
        body |= rename_options(request.options(), self.names) | dict(request.extra_body)
        return Request("POST", f"/{NAME}/api/v3/{quote_model(provider.model)}", json=body)

    def read_response(
        self,
        body: bytes,
        content_type: str,  # noqa: ARG002
        request: ImageRequest,  # noqa: ARG002
    ) -> ImageResponse:
        """Read images from URLs, or how far the task is.

        Raises:
            AppError: the model failed.
            ProtocolError: the body is not a task.
        """
        task = parse_response(WavespeedAnswer, body, "a task").data
        if task.status == "failed":
            raise AppError(str(task.error or "the model failed without an explanation")[:300])
        if task.status != "completed":
            return ImageResponse(pending=_pending(task))
        if not task.outputs:
            raise ProtocolError("the task is done but has no images")
        return ImageResponse(tuple(map(from_url, task.outputs)))


WAVESPEED: Final = Wavespeed(
    names=same_names(
        *("width", "height", "negative_prompt", "guidance_scale", "num_inference_steps", "seed")
    ),
    formats={"url": None},
    one_image=True,
    takes_image=True,
)


def _pending(task: WavespeedTask) -> PendingPrediction:
    """Return the request for a task, through the router instead of wavespeed's own address."""
    path = urlsplit((task.urls and task.urls.get) or "").path
    if not _RESULT_PATH.fullmatch(path):
        raise ProtocolError("the task is not done, and has no valid address to poll it")
    return PendingPrediction(Request("GET", f"/{NAME}{path}"))
