"""Answers that are kept for a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

from spacecall._io.loops import HomeLoop

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by name, each fetched again when it is older than `lifetime` seconds.

    Several who want the same value at once wait for one request.
    """

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._home = HomeLoop()
        self._values: dict[str, tuple[float, T]] = {}
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def get(self, name: str, fetch: Callable[[], Awaitable[T]]) -> T:
        """The value of `name`. What `fetch` raises is not kept."""
        self._home.check()
        async with self._locks[name]:
            now = anyio.current_time()
            found = self._values.get(name)
            if found is None or now - found[0] >= self._lifetime:
                found = self._values[name] = now, await fetch()
            return found[1]
