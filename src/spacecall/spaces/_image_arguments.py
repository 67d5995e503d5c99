"""Arguments and outputs that the image apps share."""

from __future__ import annotations

from typing import Any, Protocol

from spacecall.files import File

__all__ = ["output_images", "seed_arguments", "without_none"]


class ImageOutput(Protocol):
    """The output of these apps: the image, and its seed."""

    @property
    def result(self) -> File | None: ...


def output_images(output: ImageOutput) -> list[File]:
    """Return the image of an output; an empty list before the first image."""
    return [output.result] if output.result else []


def seed_arguments(seed: int | None) -> dict[str, Any]:
    """Return the arguments for a seed; None is a random seed."""
    return {"seed": seed or 0, "randomize_seed": seed is None}


def without_none(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None; the app has defaults for the others."""
    return {name: value for name, value in arguments.items() if value is not None}
