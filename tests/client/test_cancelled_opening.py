"""Opening is cancelled at the moment at which something inside cancels a scope of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from spacecall import Space
from spacecall._client.concurrency.lifetime import Lifetime
from spacecall._client.concurrency.task_groups import shielded_task_group
from tests.faults.stub import stub

DEADLINE = 10
"""Seconds."""


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


@pytest.mark.timeout(20)
async def test_a_group_of_tasks_ends_if_it_is_cancelled_while_it_is_opened() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with shielded_task_group():
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_space_ends_whenever_its_opening_or_its_call_is_cancelled() -> None:
    """At each step of the event loop until the call has its result."""

    async def cancel_later(scope: anyio.CancelScope, steps: int) -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    async with stub() as app:
        steps, is_cancelled = 0, True
        while is_cancelled:
            steps += 1
            with anyio.fail_after(DEADLINE):
                async with anyio.create_task_group() as group:
                    group.start_soon(cancel_later, group.cancel_scope, steps)
                    async with Space(app.url) as space:
                        assert await space.call("/echo", text="a") == "a"
                        is_cancelled = group.cancel_scope.cancel_called
                        group.cancel_scope.cancel()
        assert steps > 20
