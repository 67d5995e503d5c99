"""A call that is given up never touches another call."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from spacecall import Limits, Space
from spacecall._client.caller import Caller
from tests.client.tools import DEADLINE, first_value, logged, unique
from tests.servers import AppServer


@pytest.fixture(params=["one lane", "one session"])
async def crowded(
    request: pytest.FixtureRequest, protocol_app: AppServer
) -> AsyncGenerator[Caller, None]:
    """Something whose calls all share one stream."""
    async with Space(protocol_app.url, limits=Limits(lanes=1)) as space:
        if request.param == "one lane":
            yield space
        else:
            async with space.session() as session:
                yield session


async def test_another_call_of_the_same_function_goes_on(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up, kept = unique(3), unique(1)
    async with crowded.call("/slow_pair", seconds=kept) as job:
        async with crowded.call("/slow_pair", seconds=given_up) as other:
            await first_value(other)
        steps = [f"step {i}" for i in range(int(kept * 5))]
        assert [value async for value in job.outputs] == steps
    assert f"slow_stream finished {kept}" in protocol_app.log().splitlines()


async def test_another_call_that_waits_for_its_turn_is_served(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up = unique(1)
    with anyio.fail_after(DEADLINE):
        async with crowded.call("/slow_stream", seconds=given_up):
            await logged(protocol_app, f"slow_stream start {given_up}")
            async with crowded.call("/slow_stream", seconds=0.4) as job:
                await anext(job)
                assert await job.result() == "step 1"


async def test_a_call_of_another_function_goes_on_while_this_one_ends_on_the_server(
    crowded: Caller, protocol_app: AppServer
) -> None:
    given_up, kept = unique(30), unique(1)
    async with crowded.call("/slow_async", seconds=kept) as job:
        async with crowded.call("/slow_pair", seconds=given_up) as other:
            await first_value(other)
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        assert await job.result() == f"slept {kept}"


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
            crowded.call("/slow_pair", seconds=0.4) as one,
            crowded.call("/slow_pair", seconds=0.4) as other,
        ):
            assert [await one.result(), await other.result()] == ["step 1"] * 2


async def test_a_call_given_up_beside_another_ends_when_nobody_waits_any_more(
    protocol_app: AppServer,
) -> None:
    given_up = unique(30)
    async with Space(protocol_app.url, limits=Limits(lanes=1)) as space:
        async with space.call("/slow_pair", seconds=0.5) as kept:
            async with space.call("/slow_pair", seconds=given_up) as other:
                await first_value(other)
            assert await kept.result() == "step 1"
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        assert await space.call("/echo", text="x") == "x"


async def test_another_call_of_a_function_that_fails_goes_on(crowded: Caller) -> None:
    kept = unique(0.5)
    async with crowded.call("/slow_pair", seconds=kept) as job:
        async with crowded.call("/fail", text="x") as failing:
            with pytest.raises(Exception, match="boom"):
                await failing.result()
        assert await job.result() == "step 1"


async def test_a_call_given_up_in_one_session_leaves_the_others_alone(
    space: Space, protocol_app: AppServer
) -> None:
    given_up, kept = unique(30), unique(1)
    async with (
        space.session() as one,
        space.session() as two,
        one.call("/slow_pair", seconds=kept) as job,
    ):
        async with two.call("/slow_pair", seconds=given_up) as other:
            await first_value(other)
        await logged(protocol_app, f"slow_stream GeneratorExit {given_up}")
        assert not job.done
        assert await job.result() == f"step {int(kept * 5) - 1}"
