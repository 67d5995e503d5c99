"""FLUX.1 [dev] by Black Forest Labs: images from text, with previews while they are made.

What is known of the Space was seen on a replica of it (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.chat.media import MediaInput
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces._images import given, made, no_use, seeded
from spacecall.spaces.flux_1_dev import _generated as wire

__all__ = ["Flux1Dev"]


class Flux1Dev(SpaceFacade):
    """Makes images, one at a time. An `ImageModel`.

    While one is made, `job.outputs` gives previews of it; the last is the image.
    """

    LABEL = "FLUX.1-dev"
    SOURCE = wire.Flux1Dev.SOURCE

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
        num_inference_steps: int | None = None,
    ) -> Call[list[File]]:
        """Make an image; see `ImageModel.generate`.

        Args:
            prompt: what is to be seen.
            image: refused: the model starts from the prompt alone.
            width: in pixels.
            height: in pixels.
            seed: by default another every time.
            guidance_scale: how closely the prompt is followed.
            num_inference_steps: more are slower and better.

        Raises:
            InvalidInputError: an image was given.
        """
        no_use(self.LABEL, image=image)
        sizes = given(width=width, height=height)
        steps = given(guidance_scale=guidance_scale, num_inference_steps=num_inference_steps)
        call = wire.Flux1Dev(self._space).infer(prompt=prompt, **seeded(seed), **sizes, **steps)
        return call.map(made)
