"""What a Space leaves behind, and how errors come out of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import anyio
import pytest
import sniffio
import trio

from spacecall import AppError, JobCancelledError, Space
from tests.client.tools import DEADLINE, first_value, logged, queue_size, unique, until
from tests.servers import AppServer


def tasks() -> int:
    """How many tasks there are on this event loop."""
    if sniffio.current_async_library() == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


async def test_no_task_outlives_the_block(protocol_app: AppServer) -> None:
    before = tasks()
    async with Space(protocol_app.url) as space, space.session() as session:
        await space.call("/echo", text="x")
        await session.call("/echo", text="x")
        for caller in (space, session):
            await caller.call("/slow_stream", seconds=30).__aenter__()
        assert tasks() > before
    assert tasks() == before


async def test_jobs_that_still_run_are_cancelled_here_and_on_the_server(
    protocol_app: AppServer,
) -> None:
    generator, function, waiting = unique(30), unique(30), unique(30)
    async with Space(protocol_app.url) as space:
        streaming = await space.call("/slow_stream", seconds=generator).__aenter__()
        working = await space.call("/slow_async", seconds=function).__aenter__()
        await first_value(streaming)
        await logged(protocol_app, f"slow_async start {function}")
        queued = await space.call("/slow_async", seconds=waiting).__aenter__()
        await anext(queued)
    for job in (streaming, working, queued):
        with pytest.raises(JobCancelledError, match="Space was closed"):
            await job.result()
    await logged(protocol_app, f"slow_stream GeneratorExit {generator}")
    await logged(protocol_app, f"slow_async cancelled {function}")
    async with Space(protocol_app.url) as space:
        await until(lambda: idle(space))
        assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {waiting}" not in protocol_app.log()


async def idle(space: Space) -> bool:
    return await queue_size(space) == 0


async def test_a_task_that_waits_outside_is_told_when_the_space_is_left(
    protocol_app: AppServer,
) -> None:
    was_cancelled = anyio.Event()

    async def wait(space: Space) -> None:
        with pytest.raises(JobCancelledError):
            await space.call("/slow_async", seconds=30)
        was_cancelled.set()

    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as group:
            async with Space(protocol_app.url) as space:
                group.start_soon(wait, space)
                await anyio.sleep(0.2)
            await was_cancelled.wait()


class OddError(Exception):
    """An error of the caller's own."""


async def fail_inside(space: Space) -> None:
    raise OddError


async def fail_in_a_call(space: Space) -> None:
    async with space.call("/slow_stream", seconds=30) as job:
        await first_value(job)
        raise OddError


async def fail_in_a_session(space: Space) -> None:
    async with space.session() as session:
        await session.call("/slow_async", seconds=30).__aenter__()
        raise OddError


@pytest.mark.parametrize("fail", [fail_inside, fail_in_a_call, fail_in_a_session])
async def test_an_error_in_the_block_comes_out_as_itself(
    protocol_app: AppServer, fail: Callable[[Space], Any]
) -> None:
    async def block() -> None:
        async with Space(protocol_app.url) as space:
            await fail(space)

    with pytest.raises(OddError) as caught:
        await block()
    assert caught.value.__cause__ is None


async def test_an_error_of_the_app_comes_out_as_itself(protocol_app: AppServer) -> None:
    async def block() -> None:
        async with Space(protocol_app.url) as space:
            await space.call("/fail", text="x")

    with pytest.raises(AppError, match="boom") as caught:
        await block()
    assert caught.value.space == protocol_app.url


@pytest.mark.parametrize("size", [1, 2])
async def test_a_group_that_the_block_raises_stays_that_group(
    protocol_app: AppServer, size: int
) -> None:
    group = ExceptionGroup("the caller's", [OddError() for _ in range(size)])

    async def block() -> None:
        async with Space(protocol_app.url):
            raise group

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    # trio makes a new group of the same errors
    assert caught.value.message == "the caller's"
    assert caught.value.exceptions == group.exceptions


async def test_a_cancellation_comes_out_as_a_cancellation(protocol_app: AppServer) -> None:
    with anyio.CancelScope() as scope:
        async with Space(protocol_app.url) as space, space.call("/slow_async", seconds=30):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    before = tasks()
    gc.collect()
    assert tasks() == before


async def test_a_space_that_is_not_open_takes_no_calls(protocol_app: AppServer) -> None:
    space = Space(protocol_app.url)
    for use in (
        lambda: space.call("/echo", text="x"),
        lambda: space.session(),
        lambda: space.endpoints,
        lambda: space.url,
    ):
        with pytest.raises(RuntimeError, match="open the Space first"):
            use()
    assert repr(space) == f"<Space {protocol_app.url}>"


async def test_a_space_that_was_left_takes_no_calls(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        call = space.call("/echo", text="x")
        session = space.session()
    for late in (call, space.call("/echo", text="x"), session.call("/echo", text="x")):
        with pytest.raises(RuntimeError, match="Space is closed"):
            await late
    with pytest.raises(RuntimeError, match="Space is closed"):
        await space.call("/echo", text="x").detach()


async def test_a_space_can_be_opened_again(protocol_app: AppServer) -> None:
    space = Space(protocol_app.url)
    for _ in range(2):
        async with space:
            assert await space.call("/echo", text="x") == "x"


async def test_a_call_is_for_one_use(space: Space) -> None:
    call = space.call("/echo", text="x")
    assert "used" not in repr(call)
    assert await call == "x"
    assert "used" in repr(call)
    for again in (call.__aenter__, call.detach, call._result):
        with pytest.raises(RuntimeError, match="one use"):
            await again()


async def test_nothing_is_sent_before_a_call_is_used(space: Space) -> None:
    call = space.call("/no such endpoint", wrong="argument")
    assert repr(call) == "<Call /no such endpoint>"
    with pytest.warns(RuntimeWarning, match="the call of /no such endpoint was never made"):
        del call
