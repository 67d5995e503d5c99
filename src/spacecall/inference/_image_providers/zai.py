"""Text-to-image at zai-org: a task, which is polled."""

from __future__ import annotations

import re
from typing import Any, Final

from spacecall._core.gradio_requests import Request
from spacecall._wire.inference.zai_images import ZaiTask
from spacecall.errors import AppError, ProtocolError
from spacecall.inference._image_providers.adapter import ProviderAdapter, parse_response, same_names
from spacecall.inference._image_providers.image_request import (
    ImageRequest,
    pop_size,
    rename_options,
)
from spacecall.inference._image_providers.image_response import (
    ImageResponse,
    PendingPrediction,
    from_url,
)
from spacecall.inference._provider_choice import Provider

NAME: Final = "zai-org"
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_ROOT: Final = f"/{NAME}/api/paas/v4"


class Zai(ProviderAdapter):
    """POST /zai-org/api/paas/v4/async/images/generations: `{model, prompt, size}`."""

    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""
        options = request.options()
        body: dict[str, Any] = {"model": provider.model, "prompt": request.prompt}
        body |= pop_size(options)
        body |= rename_options(options, self.names) | dict(request.extra_body)
        return Request("POST", f"{_ROOT}/async/images/generations", json=body)

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
        task = parse_response(ZaiTask, body, "a task")
        if task.task_status == "FAIL":
            raise AppError("the model failed without an explanation")
        if task.task_status == "PROCESSING":
            return ImageResponse(pending=_pending(task.id))
        urls = [image.url for image in task.image_result or () if image.url]
        if not urls:
            raise ProtocolError("the task is done but has no images")
        return ImageResponse(tuple(map(from_url, urls)))


ZAI: Final = Zai(
    names=same_names("width", "height", "seed"),
    formats={"url": None},
    headers={"accept-language": "en-US,en", "x-source-channel": "hugging_face"},
    one_size=True,
    one_image=True,
)


def _pending(task_id: str | None) -> PendingPrediction:
    if task_id is None or not _ID.fullmatch(task_id):
        raise ProtocolError("the task is not done, and has no valid id to poll it")
    return PendingPrediction(Request("GET", f"{_ROOT}/async-result/{task_id}"))
