"""Image models: a common interface, and models by name.

::

    async with connect("flux-dev") as model:
        images = await model.generate("a cat", width=768, height=768, seed=7)
        await images[0].save("cat.webp")
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Protocol, TypedDict, Unpack, cast

from spacecall._client.calls.call import Call
from spacecall._client.concurrency.lifetime import Connecting
from spacecall._client.concurrency.portal import (
    Portal,
    SyncClosable,
    SyncConnecting,
    SyncFiles,
    hold_open,
)
from spacecall._client.space_options import SpaceOptions
from spacecall._option_checks import checked_call
from spacecall._suggestions import did_you_mean
from spacecall.chat.media import Media, MediaInput
from spacecall.errors import InvalidInputError, NotFoundError
from spacecall.files import File
from spacecall.sync import SyncCall

__all__ = [
    "AnyImageModel",
    "ImageModel",
    "ImageModelOptions",
    "OpenImageModel",
    "SyncImageModel",
    "connect",
    "connect_sync",
    "image_file",
]

_SPACES = "spacecall.spaces."
# In lower case.
_MODELS = {
    "flux": "flux_1_dev:Flux1Dev",
    "flux-dev": "flux_1_dev:Flux1Dev",
    "black-forest-labs/flux.1-dev": "flux_1_dev:Flux1Dev",
    "flux-schnell": "flux_1_schnell:Flux1Schnell",
    "black-forest-labs/flux.1-schnell": "flux_1_schnell:Flux1Schnell",
    "flux-kontext-dev": "flux_1_kontext_dev:Flux1KontextDev",
    "black-forest-labs/flux.1-kontext-dev": "flux_1_kontext_dev:Flux1KontextDev",
    "janus-pro-7b": "janus_pro_7b:JanusPro7B",
    "janus-pro-7b-image": "janus_pro_7b:JanusPro7B",
    "deepseek-ai/janus-pro-7b": "janus_pro_7b:JanusPro7B",
    "sd-3.5": "stable_diffusion_3_5_large:StableDiffusion35Large",
    "stabilityai/stable-diffusion-3.5-large": "stable_diffusion_3_5_large:StableDiffusion35Large",
}


class ImageModelOptions(TypedDict, total=False):
    """The options of the `generate` methods of models that `connect` opens; see there.

    A call with an option that the model does not have is a TypeError.
    """

    negative_prompt: str
    guidance_scale: float | None
    num_inference_steps: int | None
    steps: int | None
    guidance: float | None
    temperature: float | None


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
    """Any image model without async.

    Args:
        portal: to the event loop of the model.
        model: any image model.
    """

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

        def connect() -> tuple[SyncImageModel, Callable[[], None]]:
            portal, entered = hold_open(model, "an image model")
            return cls(portal, entered), portal.close

        return SyncConnecting(connect)

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


class _Facade(Protocol):
    def connect(
        self, source: str | None, **options: Unpack[SpaceOptions]
    ) -> Connecting[OpenImageModel]: ...


@checked_call
def connect(
    name: str, *, source: str | None = None, **options: Unpack[SpaceOptions]
) -> Connecting[OpenImageModel]:
    """Open an image model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `flux-dev` or `sd-3.5`, or the id of a supported Space.
        source: the address of the app; by default the Space's.
        options: those of `Space`.

    Raises:
        NotFoundError: the name is unknown; the message suggests similar ones.
        TypeError: an option is unknown, or its type is wrong.
        SpaceError (on entering): the app cannot be reached.
    """
    return _find(name).connect(source, **options)


def connect_sync(
    name: str, *, source: str | None = None, **options: Unpack[SpaceOptions]
) -> SyncConnecting[SyncImageModel]:
    """Open an image model by its name, for `with` or by `open`; see `connect`."""
    return SyncImageModel.connect(connect(name, source=source, **options))


def image_file(image: MediaInput) -> File:
    """Return the file of an image to start from, for implementations of `ImageModel`.

    Raises:
        InvalidInputError: it is not an image, or cannot be read.
    """
    medium = Media(image)
    if medium.kind != "image":
        raise InvalidInputError(f"{medium.file.name!r} is not an image: it is {medium.kind}")
    return medium.file


def _find(name: str) -> _Facade:
    key = name.strip().casefold()
    if key not in _MODELS:
        aliases = ", ".join(sorted(alias for alias in _MODELS if "/" not in alias))
        hint = did_you_mean(key, _MODELS, f"use {aliases}", count=3)
        raise NotFoundError(f"unknown image model {name!r}; {hint}")
    module, _, class_ = _MODELS[key].partition(":")
    return cast("_Facade", getattr(import_module(_SPACES + module), class_))
