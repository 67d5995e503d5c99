"""A task that is cancelled at each place where it can be, over connections that also break."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
import pytest

from spacecall import Space, SpaceError
from tests.faults.proxy import At, Fault
from tests.faults.proxy_tools import spoilt
from tests.servers import AppServer

EACH = 25
"""So many of the first rounds of the loop are tried each; then ever fewer."""

Use: TypeAlias = Callable[[Space], Awaitable[object]]


async def awaited(space: Space) -> object:
    return await space.call("/echo", text="x")


async def entered(space: Space) -> object:
    async with space.call("/stream_text", text="w", n=2) as job:
        async for _ in job:
            pass
        return await job.result()


async def uploaded(space: Space) -> object:
    (file,) = await space.call("/files", files=[b"some bytes"])
    return await file.read()


async def in_a_session(space: Space) -> object:
    async with space.session() as session:
        return await session.call("/echo", text="x")


async def simple(space: Space) -> object:
    return await space.with_options(call_api=True).call("/echo", text="x")


async def collected(space: Space) -> object:
    return await space.collect(await space.call("/echo", text="x").detach())


async def cancelled_after(points: int, space: Space, use: Use) -> bool:
    """Cancel `use` when the loop has gone round so often; whether it was still under way."""
    done = False

    async def run(scope: anyio.CancelScope) -> None:
        nonlocal done
        with scope:
            assert await use(space) is not None
            done = True

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()
        group.start_soon(run, scope)
        for _ in range(points):
            await anyio.lowlevel.checkpoint()
            if done:
                break
        scope.cancel()
    return not done


@pytest.mark.parametrize("use", [awaited, entered, uploaded, in_a_session, simple, collected])
async def test_a_call_cancelled_at_any_step_leaves_nothing_behind(
    protocol_app_6: AppServer, use: Use
) -> None:
    async with spoilt(protocol_app_6) as (_, space):
        points = 0
        while await cancelled_after(points, space, use):
            points += 1 if points < EACH else points // 2
        assert points > 10


async def test_a_call_cancelled_while_its_connection_breaks_leaves_nothing_behind(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        for path in ("queue/join", "queue/data"):
            for points in range(0, 120, 4):
                way.once(path, Fault(answer=At(points)))
                try:
                    await cancelled_after(points, space, awaited)
                except* SpaceError:
                    pass
                way.recover()
