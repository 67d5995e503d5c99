"""What the image facades of Spaces share."""

from __future__ import annotations

from typing import Any, Protocol

from spacecall.errors import InvalidInputError
from spacecall.files import File

__all__ = ["given", "made", "no_use", "seeded"]


class Made(Protocol):
    """What these apps give: the image, and the seed that it was made with."""

    @property
    def result(self) -> File | None: ...


def made(output: Made) -> list[File]:
    """The image, if there is one yet."""
    return [output.result] if output.result else []


def seeded(seed: int | None) -> dict[str, Any]:
    """The arguments that ask for a seed, or for any."""
    return {"seed": seed or 0, "randomize_seed": seed is None}


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that are not None; of the others the app has defaults."""
    return {name: value for name, value in arguments.items() if value is not None}


def no_use(model: str, **arguments: Any) -> None:
    """Refuse arguments that the model has no use for, rather than make something else.

    Raises:
        InvalidInputError: one of them is not None.
    """
    if names := list(given(**arguments)):
        problems = [f"{model} has no use for {name}" for name in names]
        raise InvalidInputError("; ".join(problems), problems=problems)
