"""Image sizes and aspect ratios."""

from __future__ import annotations

from typing import Final

from spacecall.errors import InvalidInputError

ASPECT_RATIOS: Final = {"1:1": (1024, 1024), "16:9": (832, 480), "9:16": (480, 832)}
"""Width and height in pixels."""


def resolve_size(
    width: int | None, height: int | None, aspect_ratio: str | None
) -> tuple[int | None, int | None]:
    """Return width and height in pixels; explicit values override those of the ratio.

    Raises:
        InvalidInputError: the ratio is unknown, or a size is not positive.
    """
    for name, value in (("width", width), ("height", height)):
        if value is not None and value < 1:
            raise InvalidInputError(f"{name} must be at least 1 pixel, got {value}")
    if aspect_ratio is None:
        return width, height
    if aspect_ratio not in ASPECT_RATIOS:
        choices = ", ".join(ASPECT_RATIOS)
        raise InvalidInputError(
            f"unknown aspect_ratio {aspect_ratio!r}: use {choices}, or width and height"
        )
    ratio_width, ratio_height = ASPECT_RATIOS[aspect_ratio]
    return width or ratio_width, height or ratio_height
