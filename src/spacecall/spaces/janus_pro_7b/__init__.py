"""Janus-Pro-7B by DeepSeek: images from text, and answers about an image.

This client was tested on a replica of the Space (tests/apps/spaces).
"""

from __future__ import annotations

from secrets import randbelow

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.facades import SpaceFacade, refuse_arguments
from spacecall.media import MediaInput, distinct_names
from spacecall.spaces._image_arguments import without_none
from spacecall.spaces.janus_pro_7b import client as wire

__all__ = ["JanusPro7B"]

_SEEDS = 2**31


class JanusPro7B(SpaceFacade):
    """Generates several images per call. An `ImageModel`."""

    LABEL = "DeepSeek Janus-Pro-7B"
    SOURCE = wire.JanusPro7bClient.SOURCE

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
        """Generate images; see `ImageModel.generate`.

        Args:
            prompt: describes the image.
            image: refused: the model starts from the prompt only.
            width: refused: the model has one size.
            height: refused.
            seed: by default random.
            guidance: how closely the image follows the prompt.
            temperature: of the sampling.

        Raises:
            InvalidInputError: `image` or a size is set.
        """
        refuse_arguments(self.LABEL, image=image, width=width, height=height)
        call = wire.JanusPro7bClient(self.space).generate_image(
            prompt=prompt,
            seed=randbelow(_SEEDS) if seed is None else seed,
            **without_none(guidance=guidance, t2i_temperature=temperature),
        )
        return call.map(_images)


def _images(gallery: list[wire.GalleryImage | wire.GalleryVideo] | None) -> list[File]:
    images = [item.image for item in gallery or [] if isinstance(item, wire.GalleryImage)]
    return distinct_names(images)
