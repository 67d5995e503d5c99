"""A cache of values that expire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

from spacecall._io.event_loops import EventLoopGuard

T = TypeVar("T")


class TTLCache(Generic[T]):
    """Cache values by key; fetch each again when it is older than `ttl` seconds.

    Concurrent readers of the same key wait for one request.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._home = EventLoopGuard()
        self._entries: dict[str, tuple[float, T]] = {}
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def get(self, key: str, fetch: Callable[[], Awaitable[T]]) -> T:
        """Return the value of `key`, fetched if necessary. An error of `fetch` is not cached."""
        self._home.check()
        async with self._locks[key]:
            now = anyio.current_time()
            entry = self._entries.get(key)
            if entry is None or now - entry[0] >= self._ttl:
                entry = self._entries[key] = now, await fetch()
            return entry[1]
