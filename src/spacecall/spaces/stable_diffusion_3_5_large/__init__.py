"""Stable Diffusion 3.5 Large by Stability AI: images from text.

What is known of the Space was seen on a replica of it (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.chat.media import MediaInput
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces._images import given, made, no_use, seeded
from spacecall.spaces.stable_diffusion_3_5_large import _generated as wire

__all__ = ["StableDiffusion35Large"]


class StableDiffusion35Large(SpaceFacade):
    """Makes images, one at a time. An `ImageModel`."""

    LABEL = "Stable Diffusion 3.5 Large"
    SOURCE = wire.StableDiffusion35Large.SOURCE

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
        """Make an image; see `ImageModel.generate`.

        Args:
            prompt: what is to be seen.
            image: refused: the model starts from the prompt alone.
            width: in pixels.
            height: in pixels.
            seed: by default another every time.
            negative_prompt: what is not to be seen.
            guidance_scale: how closely the prompt is followed.
            num_inference_steps: more are slower and better.

        Raises:
            InvalidInputError: an image was given.
        """
        no_use(self.LABEL, image=image)
        sizes = given(width=width, height=height)
        steps = given(guidance_scale=guidance_scale, num_inference_steps=num_inference_steps)
        call = wire.StableDiffusion35Large(self._space).infer(
            prompt=prompt, negative_prompt=negative_prompt, **seeded(seed), **sizes, **steps
        )
        return call.map(made)
