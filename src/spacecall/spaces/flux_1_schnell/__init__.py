"""FLUX.1 [schnell] by Black Forest Labs: images from text, in few steps.

What is known of the Space was seen on a replica of it (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File
from spacecall._option_checks import checked_arguments
from spacecall.chat.media import MediaInput
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces._images import given, made, no_use, seeded
from spacecall.spaces.flux_1_schnell import _generated as wire

__all__ = ["Flux1Schnell"]


class Flux1Schnell(SpaceFacade):
    """Makes images, one at a time. An `ImageModel`."""

    LABEL = "FLUX.1-schnell"
    SOURCE = wire.Flux1Schnell.SOURCE

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
        """Make an image; see `ImageModel.generate`.

        Args:
            prompt: what is to be seen.
            image: refused: the model starts from the prompt alone.
            width: in pixels.
            height: in pixels.
            seed: by default another every time.
            num_inference_steps: more are slower and better.

        Raises:
            InvalidInputError: an image was given.
        """
        no_use(self.LABEL, image=image)
        sizes = given(width=width, height=height, num_inference_steps=num_inference_steps)
        return (
            wire.Flux1Schnell(self._space).infer(prompt=prompt, **seeded(seed), **sizes).map(made)
        )
