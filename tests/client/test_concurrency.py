"""Hundreds of calls at once through one Space."""

from __future__ import annotations

import resource

import anyio

from spacecall import Space
from tests.client.tools import queue_size, unique, until

CALLS = 500


async def test_500_calls_at_once_each_get_their_own_result(space: Space) -> None:
    results: dict[int, str] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def call(number: int) -> None:
        results[number] = await space.call("/echo", text=f"call {number}")

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            for number in range(CALLS):
                group.start_soon(call, number)
    assert results == {number: f"call {number}" for number in range(CALLS)}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 * 1024, f"{grown} kB more"
    assert await queue_size(space) == 0


async def test_of_500_slow_calls_200_are_cancelled_and_the_others_complete(
    space: Space,
) -> None:
    seconds = unique(0.3)
    scopes = {number: anyio.CancelScope() for number in range(CALLS)}
    results: dict[int, str] = {}
    given_up = set[int]()

    async def call(number: int) -> None:
        with scopes[number]:
            results[number] = await space.call("/slow_many", seconds=seconds)

    async def half_way() -> None:
        await until(lambda: len(results) >= 100, seconds=100)
        given_up.update([number for number in scopes if number not in results][:200])
        for number in given_up:
            scopes[number].cancel()

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            for number in scopes:
                group.start_soon(call, number)
            group.start_soon(half_way)
    cancelled = {number for number, scope in scopes.items() if scope.cancelled_caught}
    assert cancelled <= given_up
    assert len(cancelled) > 50  # a result may have come at the last moment
    assert results == {number: f"slept {seconds}" for number in scopes if number not in cancelled}
    await until(lambda: idle(space))


async def idle(space: Space) -> bool:
    return await queue_size(space) == 0
