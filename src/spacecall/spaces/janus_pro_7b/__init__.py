"""Janus-Pro-7B by DeepSeek: images from text, and answers about an image.

What is known of the Space was seen on a replica of it (tests/apps/spaces).
"""

from __future__ import annotations

from secrets import randbelow

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.chat.media import MediaInput
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces._images import given, no_use
from spacecall.spaces.janus_pro_7b import _generated as wire

__all__ = ["JanusPro7B"]

_SEEDS = 2**31


class JanusPro7B(SpaceFacade):
    """Makes images, several at a time. An `ImageModel`."""

    LABEL = "DeepSeek Janus-Pro-7B"
    SOURCE = wire.JanusPro7b.SOURCE

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        temperature: float | None = None,
    ) -> Call[list[File]]:
        """Make images; see `ImageModel.generate`.

        Args:
            prompt: what is to be seen.
            image: refused: the model starts from the prompt alone.
            width: refused: the model has one size.
            height: refused, likewise.
            seed: by default another every time.
            guidance: how closely the prompt is followed.
            temperature: how freely.

        Raises:
            InvalidInputError: an image or a size was given.
        """
        no_use(self.LABEL, image=image, width=width, height=height)
        call = wire.JanusPro7b(self._space).generate_image(
            prompt=prompt,
            seed=randbelow(_SEEDS) if seed is None else seed,
            **given(guidance=guidance, t2i_temperature=temperature),
        )
        return call.map(_images)


def _images(gallery: list[wire.GalleryImage | wire.GalleryVideo] | None) -> list[File]:
    return [one.image for one in gallery or [] if isinstance(one, wire.GalleryImage)]
