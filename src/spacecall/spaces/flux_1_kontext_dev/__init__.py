"""FLUX.1 Kontext [dev] by Black Forest Labs: changes an image as a prompt describes.

This client was tested on a replica of the Space (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File, InvalidInputError
from spacecall._option_checks import checked_arguments
from spacecall.facades import SpaceFacade, image_file, refuse_arguments
from spacecall.media import MediaInput
from spacecall.spaces._image_arguments import (
    output_images,
    seed_arguments,
    without_none,
)
from spacecall.spaces.flux_1_kontext_dev import client as wire

__all__ = ["Flux1KontextDev"]


class Flux1KontextDev(SpaceFacade):
    """Changes one image per call. An `ImageModel`."""

    LABEL = "FLUX.1-Kontext-Dev"
    SOURCE = wire.Flux1KontextDevClient.SOURCE

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        guidance_scale: float | None = None,
        steps: int | None = None,
    ) -> Call[list[File]]:
        """Change an image; see `ImageModel.generate`.

        Args:
            prompt: describes the change.
            image: the image to change; required.
            width: refused: the result is as large as the image.
            height: refused.
            seed: by default random.
            guidance_scale: how closely the image follows the prompt.
            steps: more steps are slower and better.

        Raises:
            InvalidInputError: `image` is missing, or a size is set.
        """
        refuse_arguments(self.LABEL, width=width, height=height)
        if image is None:
            raise InvalidInputError(f"{self.LABEL} changes an image: pass image=…")
        call = wire.Flux1KontextDevClient(self.space).infer(
            input_image=image_file(image),
            prompt=prompt,
            **seed_arguments(seed),
            **without_none(guidance_scale=guidance_scale, steps=steps),
        )
        return call.map(output_images)
