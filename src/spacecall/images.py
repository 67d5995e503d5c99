"""What image models share: one shape, and a model by its name.

::

    async with connect("flux-dev") as model:
        images = await model.generate("a cat", width=768, height=768, seed=7)
        await images[0].save("cat.webp")
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any, Protocol, cast

from spacecall._client.blocking import Portal, SyncClosable, SyncConnecting, SyncFiles, hold
from spacecall._client.call import Call
from spacecall._client.lifetime import Connecting
from spacecall._option_checks import checked_call
from spacecall._suggestions import did_you_mean
from spacecall.chat.media import Media, MediaInput
from spacecall.errors import InvalidInputError, NotFoundError
from spacecall.files import File
from spacecall.sync import SyncCall

__all__ = ["AnyImageModel", "ImageModel", "SyncImageModel", "connect", "connect_sync", "picture"]

_SPACES = "spacecall.spaces."
# Names are looked up without regard to case.
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


class ImageModel(Protocol):
    """A model that makes images; a facade may take options of its own by keyword."""

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
    ) -> Call[list[File]]:
        """Make images: await it; or enter it for its events, `job.outputs` with previews first.

        Args:
            prompt: what is to be seen.
            image: one to start from.
            width: in pixels; by default the model's own.
            height: in pixels; by default the model's own.
            seed: the same seed gives the same image, as far as the model keeps to that; without
                one, every call gives another.

        Raises:
            InvalidInputError: the model has no use for one of these, or the image is none.
        """
        ...


class AnyImageModel(ImageModel, Protocol):
    """A model that was found by its name: which options it takes is known when it runs."""

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> Call[list[File]]:
        """Make images; see `ImageModel.generate`. Options are those of the facade."""
        ...


class SyncImageModel(SyncClosable, SyncFiles):
    """The twin without async of any image model.

    Args:
        portal: to the loop that the model lives in.
        model: any facade.
    """

    def __init__(self, portal: Portal, model: ImageModel) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def opened(
        cls, model: AbstractAsyncContextManager[ImageModel]
    ) -> SyncConnecting[SyncImageModel]:
        """`with SyncImageModel.opened(Flux1Dev.connect()) as flux`: without async.

        Or `flux = SyncImageModel.opened(Flux1Dev.connect()).open()`, until `flux.close()`.
        """

        def connect() -> tuple[SyncImageModel, Callable[[], None]]:
            portal, entered = hold(model, "an image model")
            opened = cls(portal, entered)
            opened._close = portal.close
            return opened, portal.close

        return SyncConnecting(connect)

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> SyncCall[list[File]]:
        """Make images; see `ImageModel.generate`. Options are those of the facade."""
        model, portal = cast("AnyImageModel", self._model), self._portal

        def make() -> SyncCall[list[File]]:
            call = model.generate(
                prompt, image=image, width=width, height=height, seed=seed, **options
            )
            return SyncCall(portal, call)

        return portal.call(make)


class OpenImageModel(AnyImageModel, Protocol):
    """A model that `connect` opened."""

    async def aclose(self) -> None:
        """End what still runs, and close the model's Space."""
        ...


class _Facade(Protocol):
    def connect(self, **options: Any) -> Connecting[OpenImageModel]: ...


@checked_call
def connect(name: str, **options: Any) -> Connecting[OpenImageModel]:
    """Open an image model by its name, for `async with`.

    Or `model = await connect(…).open()`, until `await model.aclose()`.

    Args:
        name: an alias such as `flux-dev` or `sd-3.5`, or the id of a Space that has a facade.
        options: those of `Space`; `source` is another address of the app.

    Raises:
        NotFoundError: there is no such model; the message names the nearest.
        TypeError: an option is unknown to the facade, or not of its type.
        SpaceError (on entering): the app cannot be reached.
    """
    return _find(name).connect(**options)


def connect_sync(name: str, **options: Any) -> SyncConnecting[SyncImageModel]:
    """Open an image model by its name, for `with` or by `open`; see `connect`."""
    return SyncImageModel.opened(connect(name, **options))


def picture(image: MediaInput) -> File:
    """The file of an image to start from, for facades.

    Raises:
        InvalidInputError: it is no image, or cannot be read.
    """
    media = Media(image)
    if media.kind != "image":
        raise InvalidInputError(f"{media.file.name!r} is no image but {media.kind}")
    return media.file


def _find(name: str) -> _Facade:
    known = name.strip().casefold()
    if known not in _MODELS:
        aliases = ", ".join(sorted(alias for alias in _MODELS if "/" not in alias))
        hint = did_you_mean(known, _MODELS, f"there are {aliases}", count=3)
        raise NotFoundError(f"there is no image model called {name!r}; {hint}")
    module, _, class_ = _MODELS[known].partition(":")
    return cast("_Facade", getattr(import_module(_SPACES + module), class_))
