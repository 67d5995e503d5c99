"""What the facades of Spaces share."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self

from spacecall import Space

__all__ = ["SpaceFacade"]


class SpaceFacade:
    """A model that a Space offers.

    Args:
        space: stays the caller's to close. `connect` opens one.
    """

    LABEL: ClassVar[str]
    """The model's name for people."""
    SOURCE: ClassVar[str]
    """The Space's id."""

    def __init__(self, space: Space) -> None:
        self._space = space

    @classmethod
    @asynccontextmanager
    async def connect(cls, source: str | None = None, **options: Any) -> AsyncGenerator[Self, None]:
        """`async with Facade.connect() as model`: on a Space of its own.

        Args:
            source: by default the Space that it is named after.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        async with Space(source or cls.SOURCE, **options) as space:
            yield cls(space)
