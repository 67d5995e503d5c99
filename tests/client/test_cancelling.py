"""A call that is given up, in whatever way, is cancelled on the server too."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall import JobCancelledError, Output, Queued, Space, Started
from tests.client.tools import DEADLINE, first_value, fn_index, logged, unique
from tests.servers import AppServer


async def test_leaving_a_call_early_ends_the_job(space: Space, protocol_app: AppServer) -> None:
    seconds = unique(30)
    async with space.call("/slow_stream", seconds=seconds) as job:
        await first_value(job)
    assert job.done
    with pytest.raises(JobCancelledError):
        await job.result()
    await logged(protocol_app, f"slow_stream GeneratorExit {seconds}")


async def test_an_error_in_the_block_ends_the_job_and_comes_out_as_itself(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)

    async def fail() -> None:
        async with space.call("/slow_async", seconds=seconds):
            await logged(protocol_app, f"slow_async start {seconds}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await logged(protocol_app, f"slow_async cancelled {seconds}")


async def test_a_cancelled_task_ends_the_job_that_it_awaits(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    ended = list[str]()

    async def call() -> None:
        try:
            await space.call("/slow_async", seconds=seconds)
        finally:
            ended.append("task")

    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await logged(protocol_app, f"slow_async start {seconds}")
            group.cancel_scope.cancel()
    assert ended == ["task"]
    await logged(protocol_app, f"slow_async cancelled {seconds}")


async def test_a_time_limit_of_the_callers_own_ends_the_job(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    with anyio.move_on_after(0.7) as scope:
        await space.call("/slow_async", seconds=seconds)
    assert scope.cancelled_caught
    await logged(protocol_app, f"slow_async cancelled {seconds}")


async def test_a_task_cancelled_inside_an_entered_call_ends_the_job(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    with anyio.CancelScope() as scope:
        async with space.call("/slow_stream", seconds=seconds) as job:
            async for event in job:
                if isinstance(event, Output):
                    scope.cancel()
    assert scope.cancelled_caught
    await logged(protocol_app, f"slow_stream GeneratorExit {seconds}")


async def test_cancel_wakes_everybody_who_waits(space: Space, protocol_app: AppServer) -> None:
    seconds = unique(30)
    woken = list[str]()
    async with space.call("/slow_async", seconds=seconds) as job:

        async def result() -> None:
            with pytest.raises(JobCancelledError):
                await job.result()
            woken.append("result")

        async def events() -> None:
            with pytest.raises(JobCancelledError):
                async for _ in job:
                    pass
            woken.append("events")

        with anyio.fail_after(DEADLINE):
            async with anyio.create_task_group() as group:
                group.start_soon(result)
                group.start_soon(events)
                await logged(protocol_app, f"slow_async start {seconds}")
                await job.cancel()
    assert sorted(woken) == ["events", "result"]
    await logged(protocol_app, f"slow_async cancelled {seconds}")


async def test_cancelling_a_job_that_is_done_changes_nothing(space: Space) -> None:
    async with space.call("/echo", text="x") as job:
        assert await job.result() == "x"
        await job.cancel()
        assert await job.result() == "x"


async def test_a_job_cancelled_by_somebody_else_is_a_cancelled_job(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    async with (
        space.session() as session,
        session.call("/slow_async", seconds=seconds) as job,
        httpx.AsyncClient() as second_client,
    ):
        await logged(protocol_app, f"slow_async start {seconds}")
        body = {
            "session_hash": session.session_hash,
            "fn_index": await fn_index(space, "slow_async"),
            "event_id": job.event_id,
        }
        await second_client.post(f"{space.url}/gradio_api/cancel", json=body)
        with pytest.raises(JobCancelledError, match="on the server"):
            await job.result()


async def test_after_a_cancel_the_place_is_free_for_the_next_job(
    space: Space, protocol_app: AppServer
) -> None:
    for _ in range(3):
        seconds = unique(30)
        async with space.call("/slow_async", seconds=seconds) as job:
            await logged(protocol_app, f"slow_async start {seconds}")
            assert isinstance(await anext(job), Queued)
            assert isinstance(await anext(job), Started)
    with anyio.fail_after(DEADLINE):
        assert await space.call("/slow_async", seconds=0) == "slept 0"
