"""Opening is cancelled at the moment at which something inside cancels a scope of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from spacecall._client.concurrency.lifetime import Lifetime


@pytest.mark.timeout(20)
async def test_it_ends_although_a_scope_inside_is_cancelled_too() -> None:
    """As connecting does, which cancels the attempts that are left when one has succeeded."""
    inner: list[anyio.CancelScope] = []
    waits, left = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def opening() -> AsyncGenerator[None]:
        try:
            with anyio.CancelScope() as scope:
                inner.append(scope)
                waits.set()
                await anyio.sleep_forever()
            await anyio.sleep_forever()  # the server does not answer
            yield
        finally:
            left.set()

    async with anyio.create_task_group() as group:
        group.start_soon(Lifetime(opening(), "it").open)
        await waits.wait()
        group.cancel_scope.cancel()
        inner[0].cancel()
    assert left.is_set()
