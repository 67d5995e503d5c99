"""A call that is given up never touches another call."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from spacecall import Limits, Space
from spacecall._client.calls.caller import Caller
from tests.client.tools import DEADLINE, first_value, logged, unique
from tests.servers import AppServer


@pytest.fixture(params=["one stream", "one session"])
async def crowded(
    request: pytest.FixtureRequest, protocol_app: AppServer
) -> AsyncGenerator[Caller, None]:
    """Something whose calls all share one stream."""
    async with Space(protocol_app.url, limits=Limits(max_streams=1)) as space:
        if request.param == "one stream":
            yield space
        else:
            async with space.session() as session:
                yield session


async def test_another_call_of_the_same_function_goes_on(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up, staying = unique(1.6), unique(0.6)
    async with crowded.call("/slow_pair", seconds=staying) as job:
        async with crowded.call("/slow_pair", seconds=given_up) as leaving_job:
            await first_value(leaving_job)
        steps = [f"step {i}" for i in range(int(staying * 5))]
        assert [value async for value in job.outputs] == steps
    assert f"slow_stream finished {staying}" in protocol_app.log().splitlines()


async def test_another_call_that_waits_for_its_turn_is_served(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up = unique(0.6)
    with anyio.fail_after(DEADLINE):
        async with crowded.call("/slow_stream", seconds=given_up):
            await logged(protocol_app, f"slow_stream start {given_up}")
            async with crowded.call("/slow_stream", seconds=0.4) as job:
                await anext(job)
                assert await job.result() == "step 1"


@asynccontextmanager
async def slow_to_cancel(
    server: AppServer, seconds: float
) -> AsyncGenerator[tuple[Space, anyio.Event], None]:
    """A Space with one shared stream whose cancels are sent late, and an event set before that."""
    leaving = anyio.Event()

    async def delay(request: httpx.Request) -> None:
        if request.url.path.endswith("/cancel"):
            leaving.set()
            await anyio.sleep(seconds)

    async with (
        httpx.AsyncClient(event_hooks={"request": [delay]}) as client,
        Space(server.url, limits=Limits(max_streams=1), http_client=client) as space,
    ):
        yield space, leaving


async def test_a_call_that_was_just_made_is_spared(protocol_app: AppServer) -> None:
    async with slow_to_cancel(protocol_app, 0.5) as (space, _):
        async with space.call("/slow_pair", seconds=30) as given_up:
            await first_value(given_up)
            job = await space.call("/slow_pair", seconds=1).__aenter__()
            await given_up.cancel()
        with anyio.fail_after(DEADLINE):
            assert await job.result() == "step 4"


async def test_a_call_made_while_a_cancel_is_on_its_way_is_spared(protocol_app: AppServer) -> None:
    async with slow_to_cancel(protocol_app, 0.5) as (space, leaving), space.session() as session:
        given_up = await session.call("/slow_pair", seconds=30).__aenter__()
        await first_value(given_up)
        async with anyio.create_task_group() as group:
            group.start_soon(given_up.cancel)
            await leaving.wait()
            with anyio.fail_after(DEADLINE):
                assert await session.call("/slow_pair", seconds=1) == "step 4"


async def test_a_call_of_another_function_goes_on_while_this_one_ends_on_the_server(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up, staying = unique(30), unique(0.7)
    async with crowded.call("/slow_async", seconds=staying) as job:
        async with crowded.call("/slow_pair", seconds=given_up) as leaving_job:
            await first_value(leaving_job)
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        assert await job.result() == f"slept {staying}"


async def test_when_all_calls_of_a_function_are_given_up_all_end_on_the_server(
    crowded: Caller, protocol_app: AppServer
) -> None:
    async with crowded.call("/slow_pair", seconds=30) as first:
        await first_value(first)
        async with crowded.call("/slow_pair", seconds=30) as second:
            await first_value(second)
    # The function has two places, and both are free again.
    with anyio.fail_after(DEADLINE):
        async with (
            crowded.call("/slow_pair", seconds=0.4) as third,
            crowded.call("/slow_pair", seconds=0.4) as fourth,
        ):
            assert [await third.result(), await fourth.result()] == ["step 1"] * 2


async def test_a_call_given_up_beside_another_ends_when_nobody_waits_any_more(
    protocol_app: AppServer,
) -> None:
    given_up = unique(30)
    async with Space(protocol_app.url, limits=Limits(max_streams=1)) as space:
        async with space.call("/slow_pair", seconds=0.5) as staying_job:
            async with space.call("/slow_pair", seconds=given_up) as leaving_job:
                await first_value(leaving_job)
            assert await staying_job.result() == "step 1"
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        assert await space.call("/echo", text="x") == "x"


async def test_another_call_of_a_function_that_fails_goes_on(crowded: Caller) -> None:
    seconds = unique(0.5)
    async with crowded.call("/slow_pair", seconds=seconds) as job:
        async with crowded.call("/fail", text="x") as failing:
            with pytest.raises(Exception, match="boom"):
                await failing.result()
        assert await job.result() == "step 1"


async def test_a_call_given_up_in_one_session_leaves_the_others_alone(
    space: Space, protocol_app: AppServer
) -> None:
    given_up, staying = unique(30), unique(60)
    async with (
        space.session() as first,
        space.session() as second,
        first.call("/slow_pair", seconds=staying) as job,
    ):
        async with second.call("/slow_pair", seconds=given_up) as leaving_job:
            await first_value(leaving_job)
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        steps_before = protocol_app.log().count(f" of {staying}\n")
        with anyio.fail_after(DEADLINE):
            async for step in job.outputs:
                if step == f"step {steps_before + 1}":
                    break
