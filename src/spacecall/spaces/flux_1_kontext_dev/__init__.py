"""FLUX.1 Kontext [dev] by Black Forest Labs: an image changed as a text says.

What is known of the Space was seen on a replica of it (tests/apps/spaces).
"""

from __future__ import annotations

from spacecall import Call, File, InvalidInputError
from spacecall._option_checks import checked_arguments
from spacecall.chat.media import MediaInput
from spacecall.images import image_file
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces._images import given, made, no_use, seeded
from spacecall.spaces.flux_1_kontext_dev import _generated as wire

__all__ = ["Flux1KontextDev"]


class Flux1KontextDev(SpaceFacade):
    """Changes images, one at a time. An `ImageModel`."""

    LABEL = "FLUX.1-Kontext-Dev"
    SOURCE = wire.Flux1KontextDev.SOURCE

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
            prompt: what is to change.
            image: the one to change; the model needs it.
            width: refused: the result is as large as the image.
            height: refused, likewise.
            seed: by default another every time.
            guidance_scale: how closely the prompt is followed.
            steps: more are slower and better.

        Raises:
            InvalidInputError: there is no image, or a size was given.
        """
        no_use(self.LABEL, width=width, height=height)
        if image is None:
            raise InvalidInputError(f"{self.LABEL} changes an image: give image=…")
        call = wire.Flux1KontextDev(self._space).infer(
            input_image=image_file(image),
            prompt=prompt,
            **seeded(seed),
            **given(guidance_scale=guidance_scale, steps=steps),
        )
        return call.map(made)
