"""The differences between image providers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._problems import validation_problems
from spacecall.errors import InvalidInputError, ProtocolError
from spacecall.inference._image_providers.image_request import ImageRequest
from spacecall.inference._image_providers.image_response import ImageResponse
from spacecall.inference._provider_choice import Provider

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ProviderAdapter(ABC):
    """Builds requests to one provider, and reads its responses.

    Attributes:
        names: the provider's names of options, by the names of `ImageRequest`.
        formats: the provider's names of the image formats that it supports.
        headers: sent with each request.
        one_size: whether width and height are one value, which needs both.
        one_image: whether each request makes one image only.
        takes_image: whether it makes images from an image too.
    """

    names: Mapping[str, str]
    formats: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    one_size: bool = False
    one_image: bool = False
    takes_image: bool = False

    @abstractmethod
    def build_request(self, request: ImageRequest, provider: Provider) -> Request:
        """Build the HTTP request to the router."""

    @abstractmethod
    def read_response(self, body: bytes, content_type: str, request: ImageRequest) -> ImageResponse:
        """Read the images of a response.

        Raises:
            ProtocolError: the response has no images.
            JobError: the provider could not make them.
        """


def parse_response(model: type[M], body: bytes, expected: str) -> M:
    """Parse the JSON of a response.

    Raises:
        ProtocolError: it does not fit `model`; `expected` says in words what would.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = validation_problems(error)[0]
    # Not chained: pydantic's error repeats the response.
    raise ProtocolError(f"the provider did not send {expected}: {problem}")


def same_names(*names: str) -> dict[str, str]:
    """Map option names to themselves."""
    return {name: name for name in names}


def check_support(adapter: ProviderAdapter, request: ImageRequest, provider: str) -> None:
    """Check that a provider supports every option of a request; no option is dropped silently.

    Raises:
        InvalidInputError: the provider does not support an option.
    """
    options = request.options()
    image_format = options.pop("response_format", None)
    if adapter.one_image:
        options.pop("n", None)
    problems = [
        f"{provider} does not support {name}" for name in options if name not in adapter.names
    ]
    if image_format is not None and image_format not in adapter.formats:
        problems.append(f"{provider} does not support response_format={image_format!r}")
    if adapter.one_size and (request.width is None) != (request.height is None):
        problems.append(f"{provider} needs both width and height, or neither")
    if problems:
        raise InvalidInputError("; ".join(problems), problems=problems)
