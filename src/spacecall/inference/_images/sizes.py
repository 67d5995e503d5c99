"""How large an image is to be."""

from __future__ import annotations

from typing import Final

from spacecall.errors import InvalidInputError

ASPECT_RATIOS: Final = {"1:1": (1024, 1024), "16:9": (832, 480), "9:16": (480, 832)}
"""Width and height in pixels."""


def image_size(
    width: int | None, height: int | None, aspect_ratio: str | None
) -> tuple[int | None, int | None]:
    """Width and height in pixels; an explicit one wins over that of the ratio.

    Raises:
        InvalidInputError: the ratio is unknown, or a size is no positive number.
    """
    for name, value in (("width", width), ("height", height)):
        if value is not None and value < 1:
            raise InvalidInputError(f"{name} must be at least 1 pixel, got {value}")
    if aspect_ratio is None:
        return width, height
    if aspect_ratio not in ASPECT_RATIOS:
        known = ", ".join(ASPECT_RATIOS)
        raise InvalidInputError(
            f"aspect_ratio {aspect_ratio!r} is not known: give one of {known}, or width and height"
        )
    wide, high = ASPECT_RATIOS[aspect_ratio]
    return (wide if width is None else width), (high if height is None else height)
