"""FLUX.1 [schnell] by Black Forest Labs: images from text, in few steps.

This client was tested on a replica of the Space (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.facades import SpaceFacade, refuse_arguments
from spacecall.media import MediaInput
from spacecall.spaces._image_arguments import (
    output_images,
    seed_arguments,
    without_none,
)
from spacecall.spaces.flux_1_schnell import client as wire

__all__ = ["Flux1Schnell"]


class Flux1Schnell(SpaceFacade):
    """Generates one image per call. An `ImageModel`."""

    LABEL = "FLUX.1-schnell"
    SOURCE = wire.Flux1SchnellClient.SOURCE

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        num_inference_steps: int | None = None,
    ) -> Call[list[File]]:
        """Generate an image; see `ImageModel.generate`.

        Args:
            prompt: describes the image.
            image: refused: the model starts from the prompt only.
            width: in pixels.
            height: in pixels.
            seed: by default random.
            num_inference_steps: more steps are slower and better.

        Raises:
            InvalidInputError: `image` is set.
        """
        refuse_arguments(self.LABEL, image=image)
        sizes = without_none(width=width, height=height, num_inference_steps=num_inference_steps)
        return (
            wire.Flux1SchnellClient(self.space)
            .infer(prompt=prompt, **seed_arguments(seed), **sizes)
            .map(output_images)
        )
