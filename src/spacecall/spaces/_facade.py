"""The base class of the clients of Spaces."""

from __future__ import annotations

from typing import Any, ClassVar, Self, Unpack

from spacecall import Space
from spacecall._client.concurrency.lifetime import Closable, Connecting, Lifetime
from spacecall._client.space_options import SpaceOptions
from spacecall._option_checks import checked_call

__all__ = ["SpaceFacade"]


class SpaceFacade(Closable):
    """A model on a Space.

    Args:
        space: an open Space, which the caller closes; `connect` opens a new one.
    """

    LABEL: ClassVar[str]
    """The displayed name of the model."""
    SOURCE: ClassVar[str]
    """The Space's id."""

    def __init__(self, space: Space) -> None:
        self._space = space

    @classmethod
    @checked_call
    def connect(
        cls, source: str | None = None, **options: Unpack[SpaceOptions]
    ) -> Connecting[Self]:
        """Open the model on a new Space: `async with Facade.connect() as model`.

        Or `model = await Facade.connect().open()`, until `await model.aclose()`.

        Args:
            source: the address of the app; by default the Space's.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        space = Space(source or cls.SOURCE, **options)

        async def connect() -> tuple[Self, Lifetime[Any]]:
            lifetime = await space.open_lifetime()
            model = cls(space)
            model._lifetime = lifetime
            return model, lifetime

        return Connecting(connect)
