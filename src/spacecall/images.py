"""Image models: a common interface, and models by name.

::

    async with connect("flux-dev") as model:
        images = await model.generate("a cat", width=768, height=768, seed=7)
        await images[0].save("cat.webp")
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypedDict, Unpack, cast

from spacecall._client.calls.call import Call
from spacecall._client.concurrency.lifetime import Connecting
from spacecall._client.concurrency.portal import (
    Portal,
    SyncClosable,
    SyncConnecting,
    connect_twin,
)
from spacecall._client.concurrency.sync_files import SyncFiles
from spacecall.files import File
from spacecall.media import MediaInput
from spacecall.models import ConnectOptions, find_image_model
from spacecall.sync import SyncCall

__all__ = [
    "AnyImageModel",
    "ImageModel",
    "ImageModelOptions",
    "OpenImageModel",
    "SyncImageModel",
    "connect",
    "connect_sync",
]


class ImageModelOptions(TypedDict, total=False):
    """The options of the `generate` methods of models that `connect` opens; see there.

    A call with an option that the model does not have is a TypeError.
    """

    negative_prompt: str | None
    guidance_scale: float | None
    num_inference_steps: int | None
    steps: int | None
    guidance: float | None
    temperature: float | None
    model: str | None
    provider: str | None
    fallback: bool
    aspect_ratio: str | None
    n: int | None
    response_format: Literal["base64", "url"] | None
    extra_body: Mapping[str, Any] | None


class ImageModel(Protocol):
    """A model that makes images; an implementation may have more options."""

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
    ) -> Call[list[File]]:
        """Generate images: await the call; or enter it for its events and previews (`job.outputs`).

        Args:
            prompt: describes the image.
            image: the image to start from.
            width: in pixels; by default the model's.
            height: in pixels; by default the model's.
            seed: the same seed gives the same image, as far as the model is deterministic; without
                a seed, every call gives another image.

        Raises:
            InvalidInputError: the model does not support an argument, or `image` is not an image.
        """
        ...


class AnyImageModel(ImageModel, Protocol):
    """A model that was opened by name; its options are checked at run time."""

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        **options: Unpack[ImageModelOptions],
    ) -> Call[list[File]]:
        """Generate images; see `ImageModel.generate`. Options are those of the implementation."""
        ...


class SyncImageModel(SyncClosable, SyncFiles):
    """Any image model without async. Open one with `connect`."""

    def __init__(self, portal: Portal, model: ImageModel) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def connect(
        cls, model: AbstractAsyncContextManager[ImageModel]
    ) -> SyncConnecting[SyncImageModel]:
        """Open an image model without async: `with SyncImageModel.connect(Flux1Dev.connect())`.

        Or `flux = SyncImageModel.connect(Flux1Dev.connect()).open()`, until `flux.close()`.
        """
        return connect_twin(cls, model, "an image model")

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        **options: Unpack[ImageModelOptions],
    ) -> SyncCall[list[File]]:
        """Generate images; see `ImageModel.generate`. Options are those of the implementation."""
        model, portal = cast("AnyImageModel", self._model), self._portal

        def start() -> SyncCall[list[File]]:
            call = model.generate(
                prompt, image=image, width=width, height=height, seed=seed, **options
            )
            return SyncCall(portal, call)

        return portal.call(start)


class OpenImageModel(AnyImageModel, Protocol):
    """A model that `connect` opened."""

    async def aclose(self) -> None:
        """Cancel the calls that still run, and close the model's Space."""
        ...


def connect(name: str, **options: Unpack[ConnectOptions]) -> Connecting[OpenImageModel]:
    """Open an image model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `flux-dev` or `sd-3.5`; a Space, `spaces/owner/name` or its page; or
            the id of a model on the Hub, `owner/model`, which runs on Hugging Face's inference
            providers. With `base_url`, any name, which the service gets as it is.
        options: those of the model's own `connect`.

    Raises:
        NotFoundError: the name is unknown, or the model is not an image model; the message says
            what to write.
        InvalidInputError: the name is that of an app, which takes no `base_url`.
        TypeError: the model does not have an option, or the option's type is wrong.
        SpaceError (on entering): the app or the service cannot be reached.
    """
    entry = find_image_model(name, options)
    opening: Connecting[OpenImageModel] = entry.load().connect(**{**entry.options, **options})
    return opening


def connect_sync(name: str, **options: Unpack[ConnectOptions]) -> SyncConnecting[SyncImageModel]:
    """Open an image model by its name, for `with` or by `open`; see `connect`."""
    return SyncImageModel.connect(connect(name, **options))
