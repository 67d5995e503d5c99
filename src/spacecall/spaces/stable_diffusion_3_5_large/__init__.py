"""Stable Diffusion 3.5 Large by Stability AI: images from text.

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
from spacecall.spaces.stable_diffusion_3_5_large import client as wire

__all__ = ["StableDiffusion35Large"]


class StableDiffusion35Large(SpaceFacade):
    """Generates one image per call. An `ImageModel`."""

    LABEL = "Stable Diffusion 3.5 Large"
    SOURCE = wire.StableDiffusion3_5LargeClient.SOURCE

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        negative_prompt: str = "",
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
    ) -> Call[list[File]]:
        """Generate an image; see `ImageModel.generate`.

        Args:
            prompt: describes the image.
            image: refused: the model starts from the prompt only.
            width: in pixels.
            height: in pixels.
            seed: by default random.
            negative_prompt: describes what the image must not show.
            guidance_scale: how closely the image follows the prompt.
            num_inference_steps: more steps are slower and better.

        Raises:
            InvalidInputError: `image` is set.
        """
        refuse_arguments(self.LABEL, image=image)
        sizes = without_none(width=width, height=height)
        steps = without_none(guidance_scale=guidance_scale, num_inference_steps=num_inference_steps)
        call = wire.StableDiffusion3_5LargeClient(self.space).infer(
            prompt=prompt, negative_prompt=negative_prompt, **seed_arguments(seed), **sizes, **steps
        )
        return call.map(output_images)
