"""Images from a text, or from an image: request them from a provider through the router."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Final

import anyio

from spacecall._client.calls.call import Call
from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._io.request_settings import Settings
from spacecall._io.web_files import WebSource
from spacecall.errors import InvalidInputError, SpaceError
from spacecall.events import Log
from spacecall.files import File, file_of
from spacecall.inference._image_providers import ADAPTERS
from spacecall.inference._image_providers.adapter import ProviderAdapter, check_support
from spacecall.inference._image_providers.image_request import ImageRequest
from spacecall.inference._image_providers.image_response import (
    Image,
    ImageResponse,
    PendingPrediction,
)
from spacecall.inference._image_providers.openai_images import OWN_SERVICE
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._provider_choice import (
    LIVE,
    ModelChoice,
    Provider,
    choose_providers,
    with_fallback,
)
from spacecall.inference._router import RouterConnection
from spacecall.media import distinct_names

__all__ = ["IMAGE_PROVIDERS", "PROVIDERS_DATE", "ImageService"]

TEXT_TO_IMAGE: Final = "text-to-image"
IMAGE_TO_IMAGE: Final = "image-to-image"
IMAGE_PROVIDERS: Final = tuple(ADAPTERS)
"""The providers that can generate images."""
PROVIDERS_DATE: Final = date(2026, 11, 29)
"""The day on which the providers were compared with those of huggingface_hub (2.4.0)."""

_FIRST_POLL: Final = 0.25
_MAX_POLL: Final = 2.0


class ImageService:
    """Run image requests.

    Args:
        connection: to the router.
        catalog: has the models' providers.
    """

    def __init__(self, connection: RouterConnection, catalog: ModelCatalog) -> None:
        self._connection = connection
        self._catalog = catalog

    def generate(
        self, build_request: Callable[[], ImageRequest], choice: ModelChoice
    ) -> Call[list[File]]:
        """Return a call that generates images; see `HuggingFaceInference.generate`.

        Args:
            build_request: called when the call starts, so that invalid input fails the call.
        """

        async def service(report: ProgressSink[list[File]], settings: Settings) -> list[File]:
            return await self._run(report, settings, build_request(), choice)

        return self._connection.direct.call(TEXT_TO_IMAGE, service)

    async def _run(
        self,
        report: ProgressSink[list[File]],
        settings: Settings,
        request: ImageRequest,
        choice: ModelChoice,
    ) -> list[File]:
        requested = choice.requested_provider
        task = TEXT_TO_IMAGE if request.image is None else IMAGE_TO_IMAGE
        request = await request.embed_image()
        if not self._connection.address.is_router:
            return await self._run_at_service(report, settings, request, choice)
        providers = choose_providers(
            await self._catalog.providers(choice.name),
            model=choice.name,
            task=task,
            requested=requested,
            supported=_supported(task),
        )
        capable = _capable(providers, request, is_requested=bool(requested))
        if capable[0].status != LIVE:
            status = f"the Hub says that its status is {capable[0].status!r}"
            report.emit(Log(f"{capable[0].name}: {status}", "warning", None, None))

        async def attempt(provider: Provider, settings: Settings) -> list[File]:
            job = _ProviderJob(self._connection, report, provider, settings)
            return await job.generate(request)

        return await with_fallback(capable if choice.fallback else capable[:1], attempt, settings)

    async def _run_at_service(
        self,
        report: ProgressSink[list[File]],
        settings: Settings,
        request: ImageRequest,
        choice: ModelChoice,
    ) -> list[File]:
        """Request images of another service with OpenAI's interface."""
        if request.image is not None:
            raise InvalidInputError("image= is for HF Inference: another base_url does not take it")
        check_support(OWN_SERVICE, request, "a service with OpenAI's interface")
        provider = Provider("", choice.name, TEXT_TO_IMAGE)
        return await _ProviderJob(self._connection, report, provider, settings).generate(request)


def _supported(task: str) -> tuple[str, ...]:
    """Return the providers that this client supports for a task."""
    if task == TEXT_TO_IMAGE:
        return IMAGE_PROVIDERS
    return tuple(name for name, adapter in ADAPTERS.items() if adapter.takes_image)


def _capable(
    providers: Sequence[Provider], request: ImageRequest, *, is_requested: bool
) -> list[Provider]:
    """Return the providers that take the options of a request.

    Args:
        is_requested: whether the caller requested the first provider, which no other may replace.

    Raises:
        InvalidInputError: no provider takes them.
    """
    capable: list[Provider] = []
    problems: list[str] = []
    for provider in providers:
        try:
            check_support(ADAPTERS[provider.name], request, provider.name)
        except InvalidInputError as error:
            if is_requested and provider is providers[0]:
                raise
            problems.extend(error.problems)
        else:
            capable.append(provider)
    if not capable:
        raise InvalidInputError("; ".join(problems), problems=problems)
    return capable


class _ProviderJob:
    """Generates images at one provider."""

    def __init__(
        self,
        connection: RouterConnection,
        report: ProgressSink[list[File]],
        provider: Provider,
        settings: Settings,
    ) -> None:
        self._connection = connection
        self._report = report
        self._provider = provider
        self._adapter = ADAPTERS.get(provider.name, OWN_SERVICE)
        self._settings = settings
        # No byte arrives before the images are ready.
        timeouts = replace(settings.timeouts, idle=settings.timeouts.run)
        self._run_settings = replace(settings, timeouts=timeouts)

    async def generate(self, request: ImageRequest) -> list[File]:
        """Return all images; report those that are ready early."""
        images: list[Image] = []
        for single_request in _split_request(request, self._adapter):
            if images:
                self._report.output(self._files(images))
            response = await self._send(
                self._adapter.build_request(single_request, self._provider),
                single_request,
                self._run_settings,
                self._adapter.headers,
            )
            if response.pending is not None:
                response = await self._poll(response.pending, response, single_request)
            for warning in response.warnings:
                message = f"{self._provider.name}: {warning}"
                self._report.emit(Log(message, "warning", None, None))
            images.extend(response.images)
        return self._files(images)

    async def _send(
        self,
        http_request: Request,
        request: ImageRequest,
        settings: Settings,
        headers: Mapping[str, str] = {},
    ) -> ImageResponse:
        if not self._provider.name:
            http_request = self._connection.address.locate(http_request)
        response = await self._connection.fetch(
            http_request, settings, provider=self._provider.name or None, headers=headers
        )
        content_type = response.headers.get("content-type", "")
        try:
            return self._adapter.read_response(response.body, content_type, request)
        except SpaceError as error:
            error.endpoint, error.space = http_request.path, self._connection.router.base
            raise

    async def _poll(
        self, pending: PendingPrediction, response: ImageResponse, request: ImageRequest
    ) -> ImageResponse:
        """Poll a prediction until it is done; cancel it at the provider if the job is cancelled."""
        wait = _FIRST_POLL
        try:
            while response.pending is not None:
                if response.images:
                    self._report.output(self._files(response.images))
                await anyio.sleep(wait)
                wait = min(2 * wait, _MAX_POLL)
                pending = response.pending
                response = await self._send(
                    pending.status, request, self._settings, self._adapter.headers
                )
        except anyio.get_cancelled_exc_class():
            if pending.cancel is not None:
                with (
                    anyio.move_on_after(self._settings.timeouts.cancel, shield=True),
                    suppress(Exception),  # the job ends even if the provider does not cancel
                ):
                    await self._connection.fetch(pending.cancel, provider=self._provider.name)
            raise
        return response

    def _files(self, images: Sequence[Image]) -> list[File]:
        """Return file handles with different names, so that one folder can hold them."""
        return distinct_names([self._file(image) for image in images])

    def _file(self, image: Image) -> File:
        if isinstance(image, File):
            return image
        router = self._connection.router
        return file_of(WebSource(router, image.url, mime_type=image.mime_type, size=image.size))


def _split_request(request: ImageRequest, adapter: ProviderAdapter) -> Iterator[ImageRequest]:
    """Yield the request, or one for each image if the provider makes one per request."""
    for number in range((request.n or 1) if adapter.one_image else 1):
        seed = None if request.seed is None else request.seed + number
        yield replace(request, seed=seed)
