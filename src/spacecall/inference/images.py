"""Text-to-image: order images of a provider of HF Inference, by way of the router."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import anyio

from spacecall._client.call import Call
from spacecall._client.direct import Report
from spacecall._core.requests import Request
from spacecall._io.settings import Settings
from spacecall._io.web import WebSource
from spacecall._option_checks import checked_arguments
from spacecall.chat import MediaInput
from spacecall.errors import InvalidInputError, SpaceError
from spacecall.events import Log
from spacecall.files import File, file_of
from spacecall.inference._catalogue import Catalogue
from spacecall.inference._connection import Connection
from spacecall.inference._images import DIALECTS
from spacecall.inference._images.ask import Ask, ImageFormat, check_ask
from spacecall.inference._images.dialect import Dialect, check
from spacecall.inference._images.found import Answer, Image, Pending
from spacecall.inference._images.sizes import ASPECT_RATIOS
from spacecall.inference.aliases import IMAGE_MODEL, model_id
from spacecall.inference.providers import Provider, choose, split_model, try_in_turn

__all__ = ["ASPECT_RATIOS", "IMAGE_PROVIDERS", "ImageFormat", "Images"]

TASK: Final = "text-to-image"
IMAGE_PROVIDERS: Final = tuple(DIALECTS)
"""The providers that can be asked for images."""

_FIRST_LOOK: Final = 0.25
_LONGEST_LOOK: Final = 2.0


class Images:
    """The part of `HuggingFaceInference` that makes images. An `ImageModel`.

    Args:
        connection: to the router.
        catalogue: knows who serves a model.
    """

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        fallback: bool = False,
        aspect_ratio: str | None = None,
        negative_prompt: str | None = None,
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        n: int | None = None,
        response_format: ImageFormat | None = None,
        extra_data: Mapping[str, Any] | None = None,
    ) -> Call[list[File]]:
        """Make images: await it; or enter it for its events, `job.outputs` as they become ready.

        Args:
            prompt: what is to be seen.
            image: refused: these models start from the prompt alone.
            width: in pixels; wins over `aspect_ratio`.
            height: in pixels; wins over `aspect_ratio`.
            seed: the same seed gives the same image, as far as the model keeps to that.
            model: its id on the Hub or an alias, maybe with `:provider` behind it.
            provider: who is to make them; by default the first of the account's own order that is
                live and takes the options given.
            fallback: whether to ask the next one that is live when one answers 402, 404 or 503.
            aspect_ratio: one of `ASPECT_RATIOS`.
            negative_prompt: what is not to be seen.
            guidance_scale: how closely the prompt is followed.
            num_inference_steps: more are slower and better.
            n: how many images. Where a request gives one, several are sent, each with the next
                seed if there is one.
            response_format: `base64` for images that come with the answer, `url` for those that
                are fetched when they are read; by default what the provider does best.
            extra_data: further fields of the provider's own, sent as they are; they win.

        When the call is awaited or entered, it raises:
            InvalidInputError: an option makes no sense, or the provider does not take it.
            NoProviderError: nobody serves the model, or not the provider that was asked for.
            ProvidersFailedError: several were asked, and each refused.
            StatusError: the provider refused; see `spacecall.errors`.
            ProtocolError: what it answered is no image.
            JobError: the model failed.
        """

        async def service(report: Report[list[File]], settings: Settings) -> list[File]:
            if image is not None:
                raise InvalidInputError("HF Inference makes images from a prompt alone here")
            ask = check_ask(
                prompt,
                width=width,
                height=height,
                aspect_ratio=aspect_ratio,
                n=n,
                response_format=response_format,
                seed=seed,
                negative_prompt=negative_prompt,
                guidance_scale=guidance_scale,
                num_inference_steps=num_inference_steps,
                extra_data=extra_data or {},
            )
            name, suffix = split_model(model_id(model or IMAGE_MODEL))
            offers = await self._catalogue.offers(name)
            live = choose(
                offers, model=name, task=TASK, asked=provider or suffix, able=IMAGE_PROVIDERS
            )
            able = _able(live, ask, first=bool(provider or suffix))

            async def attempt(offer: Provider, settings: Settings) -> list[File]:
                return await _Order(self._connection, report, offer, settings).images(ask)

            return await try_in_turn(able if fallback else able[:1], attempt, settings)

        return self._connection.direct.call(TASK, service)


def _able(live: Sequence[Provider], ask: Ask, *, first: bool) -> list[Provider]:
    """The offers whose providers take the options that were given.

    Args:
        first: whether the first was asked for, so that no other will do in its place.

    Raises:
        InvalidInputError: there is none.
    """
    able: list[Provider] = []
    problems: list[InvalidInputError] = []
    for offer in live:
        try:
            check(DIALECTS[offer.name], ask, offer.name)
        except InvalidInputError as error:
            if first and offer is live[0]:
                raise
            problems.append(error)
        else:
            able.append(offer)
    if not able:
        said = [problem for error in problems for problem in error.problems]
        raise InvalidInputError("; ".join(said), problems=said)
    return able


class _Order:
    """One provider's part of a call."""

    def __init__(
        self,
        connection: Connection,
        report: Report[list[File]],
        offer: Provider,
        settings: Settings,
    ) -> None:
        self._connection = connection
        self._report = report
        self._offer = offer
        self._dialect = DIALECTS[offer.name]
        self._settings = settings
        # The answer comes when the images are made, and nothing comes before it.
        idle = settings.timeouts.run
        self._patient = replace(settings, timeouts=replace(settings.timeouts, idle=idle))

    async def images(self, ask: Ask) -> list[File]:
        """All images; what is ready before is reported."""
        made: list[Image] = []
        for one in _asks(ask, self._dialect):
            if made:
                self._report.output(self._files(made))
            request = self._dialect.request(one, self._offer)
            answer = await self._send(request, one, self._patient, self._dialect.headers)
            if answer.pending is not None:
                answer = await self._rest(answer.pending, answer, one)
            for remark in answer.remarks:
                self._report.emit(Log(f"{self._offer.name}: {remark}", "warning", None, None))
            made.extend(answer.images)
        return self._files(made)

    async def _send(
        self, request: Request, ask: Ask, settings: Settings, headers: Mapping[str, str] = {}
    ) -> Answer:
        answer = await self._connection.ask(
            request, settings, provider=self._offer.name, headers=headers
        )
        try:
            return self._dialect.read(answer.body, answer.headers.get("content-type", ""), ask)
        except SpaceError as error:
            error.endpoint, error.space = request.path, self._connection.router.base
            raise

    async def _rest(self, pending: Pending, answer: Answer, ask: Ask) -> Answer:
        """Look for what is not done until it is; who gives up waiting for it ends it."""
        wait = _FIRST_LOOK
        try:
            while answer.pending is not None:
                if answer.images:
                    self._report.output(self._files(answer.images))
                await anyio.sleep(wait)
                wait = min(2 * wait, _LONGEST_LOOK)
                answer = await self._send(pending.look, ask, self._settings)
        except anyio.get_cancelled_exc_class():
            with (
                anyio.move_on_after(self._settings.timeouts.cancel, shield=True),
                suppress(Exception),  # whatever it says, the call is given up
            ):
                await self._connection.ask(pending.stop, provider=self._offer.name)
            raise
        return answer

    def _files(self, images: Sequence[Image]) -> list[File]:
        """Handles with different names, so that they can be saved into one folder."""
        files = [self._file(image) for image in images]
        if len({file.name for file in files}) == len(files):
            return files
        return [File(file, name=f"{at}-{file.name}") for at, file in enumerate(files, start=1)]

    def _file(self, image: Image) -> File:
        if isinstance(image, File):
            return image
        link = self._connection.router
        return file_of(WebSource(link, image.url, mime_type=image.mime_type, size=image.size))


def _asks(ask: Ask, dialect: Dialect) -> Iterator[Ask]:
    """The order, or one for each image where a request gives only one."""
    for number in range((ask.n or 1) if dialect.one_image else 1):
        yield replace(ask, seed=None if ask.seed is None else ask.seed + number)
