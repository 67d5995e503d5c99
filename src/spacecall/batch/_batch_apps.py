"""The app that a batch calls, or the copies of it in a pool."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Self, TypeAlias, TypeVar

from spacecall._client.calls.caller import find_endpoint
from spacecall._client.calls.row_engine import RowEngine
from spacecall._client.calls.row_sources import RowCall, RowOptions, RowSource
from spacecall._client.space import SpaceView
from spacecall._client.space_pool import OpenPool, matching_spaces
from spacecall._core.fingerprint import fingerprints
from spacecall.endpoints import Endpoint
from spacecall.pool import Pool

R = TypeVar("R")

PerformAt: TypeAlias = Callable[[SpaceView, RowCall[R]], Awaitable[None]]
"""Makes the call of a row at an app."""


class BatchApps:
    """The app of a batch, or the copies in its pool.

    Args:
        view: the app, or the first copy that is open.
        endpoint: the endpoint there.
        pool: the pool; None for one app.

    Attributes:
        endpoint: the endpoint that is called.
        shape: its fingerprint.
    """

    def __init__(self, view: SpaceView, endpoint: Endpoint, pool: OpenPool | None) -> None:
        context = view._context  # pyright: ignore[reportPrivateUsage] - of this package
        names = [endpoint.name]
        self.endpoint = endpoint
        self.shape = fingerprints(context.connection.app, names).get(endpoint.name, "")
        self._first = view
        self._pool = pool

    @classmethod
    async def find(cls, source: SpaceView | Pool, name: str) -> Self:
        """Find the endpoint of a batch.

        Raises:
            NotFoundError: the app has no such endpoint.
            RuntimeError: the Space or pool is not open.
        """
        if isinstance(source, SpaceView):
            context = source._context  # pyright: ignore[reportPrivateUsage]
            return cls(source, await find_endpoint(context.connection, name), None)
        pool = source._open_pool  # pyright: ignore[reportPrivateUsage] - of this package
        async with aclosing(matching_spaces(pool, name)) as spaces:
            async for space, endpoint in spaces:
                return cls(space, endpoint, pool)
        raise AssertionError("a pool has a source")

    @property
    def url(self) -> str:
        """The address of the app, or of the first copy that is open."""
        return self._first.url

    def identify(self, stored: str | None) -> str:
        """Return the address of the app as the journal has it.

        Args:
            stored: the address that the journal has. It stays if the pool has that app, or a source
                whose address is not known yet.
        """
        if self._pool is None or stored is None:
            return self.url
        is_known = all(member.is_open for member in self._pool.members)
        return self.url if is_known and self.get(stored) is None else stored

    def get(self, url: str) -> SpaceView | None:
        """Return the app at an address; None if it is not open here."""
        spaces: list[SpaceView] = [self._first]
        if self._pool is not None:
            spaces += [member.space for member in self._pool.members if member.is_open]
        return next((space for space in spaces if space.url == url), None)

    def create_engine(self, options: RowOptions, perform: PerformAt[R]) -> RowEngine[R, None]:
        """Return what makes the calls of rows.

        Args:
            options: how many, how fast.
            perform: makes the call of a row at an app.
        """
        if self._pool is not None:
            sources = self._pool_sources(self._pool, options, perform)
            return RowEngine(self._pool, self._pool.settings, options, late_sources=sources)
        context = self._first._context  # pyright: ignore[reportPrivateUsage]
        return RowEngine(
            context.connection,
            context.settings,
            options,
            sources=[_create_source(self._first, options, perform)],
            lifetime=context.lifetime,
        )

    async def _pool_sources(
        self, pool: OpenPool, options: RowOptions, perform: PerformAt[R]
    ) -> AsyncGenerator[RowSource[R, None], None]:
        async with aclosing(matching_spaces(pool, self.endpoint.name)) as spaces:
            async for space, _ in spaces:
                yield _create_source(space, options, perform)


def _create_source(
    view: SpaceView, options: RowOptions, perform: PerformAt[R]
) -> RowSource[R, None]:
    retry = view._context.settings.retry  # pyright: ignore[reportPrivateUsage]
    # Refused calls are tried again by the engine.
    unretried = view.with_options(retry=replace(retry, attempts=1))
    return RowSource(view.url, partial(perform, unretried), options.create_pace(retry))
