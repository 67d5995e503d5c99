"""Streams of inputs on real apps: webcams and microphones, on each generation."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    DeadlineError,
    InvalidInputError,
    JobCancelledError,
    NotFoundError,
    Space,
    SyncSpace,
    Timeouts,
)
from tests import servers
from tests.client.tools import DEADLINE, counting, logged
from tests.conftest import ServerPool
from tests.servers import AppServer

RELEASES = [servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4, servers.GRADIO_3]
FRAME = (servers.DATA / "red.png").read_bytes()
TONE = (servers.DATA / "tone.wav").read_bytes()


@pytest.fixture(params=RELEASES)
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", request.param)


@pytest.fixture
async def space(app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(app.url) as space:
        yield space


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def new_app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", request.param)


async def test_each_input_has_its_value_and_state_continues(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.stream("/see", text="a") as feed:
            for number in (1, 2, 3):
                await feed.send(FRAME)
                assert await anext(feed.outputs) == f"a{number}"
            await feed.send(FRAME, text="b")
            assert await anext(feed.outputs) == "b4"
            await feed.send(FRAME)
            await feed.finish()
            assert [value async for value in feed.outputs] == ["b5"]


async def test_values_can_be_read_by_another_task_while_inputs_are_sent(space: Space) -> None:
    values: list[str] = []

    async def read() -> None:
        values.extend([value async for value in feed.outputs])

    with anyio.fail_after(DEADLINE):
        async with space.stream("/see", text="a") as feed, anyio.create_task_group() as group:
            group.start_soon(read)
            for _ in range(5):
                await feed.send(FRAME)
            await feed.finish()
    assert values == ["a1", "a2", "a3", "a4", "a5"]


async def test_values_that_nobody_reads_do_not_stop_the_inputs(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.stream("/see", text="a") as feed:
            for _ in range(4):
                await feed.send(FRAME)
            await feed.finish()
            assert [value async for value in feed.outputs] == ["a1", "a2", "a3", "a4"]


async def test_after_the_time_limit_the_next_input_joins_again(new_app: AppServer) -> None:
    with anyio.fail_after(DEADLINE):
        async with (
            counting(new_app) as (space, counts),
            space.stream("/brief", text="a") as feed,
        ):
            for number in range(1, 9):
                await feed.send(FRAME)
                assert await anext(feed.outputs) == f"a{number}"
                await anyio.sleep(0.25)
            await anyio.sleep(1.5)  # the app ends the job meanwhile, with the last value again
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "a9"
    assert counts["/gradio_api/queue/join"] >= 3
    assert counts["/gradio_api/stream/"] == 0


async def test_a_microphone_sends_chunks(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.stream("/listen") as feed:
            for number in (1, 2):
                await feed.send(TONE)
                assert await anext(feed.outputs) == number * len(TONE)


async def test_a_session_shares_its_state_with_a_stream(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.session() as session:
            async with session.stream("/see", text="a") as feed:
                await feed.send(FRAME)
                assert await anext(feed.outputs) == "a1"
            async with session.stream("/see", text="b") as feed:
                await feed.send(FRAME)
                assert await anext(feed.outputs) == "b2"


async def test_leaving_a_stream_gives_its_place_back(space: Space, app: AppServer) -> None:
    with anyio.fail_after(DEADLINE / 2):  # the time limit is 20 s
        async with space.stream("/see", text="a") as feed:
            await feed.send(FRAME)
        async with space.stream("/slow", text="0.61") as feed:
            await feed.send(FRAME)
            await logged(app, "slow start 0.61")
        async with space.stream("/slow", text="0") as feed:
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "0"


async def test_an_error_of_the_app_ends_the_stream(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.stream("/fail", text="fine") as feed:
            await feed.send(FRAME)
            await feed.send(FRAME, text="fail")
            assert await anext(feed.outputs) == "fine"
            with pytest.raises(AppError, match="no film"):
                await anext(feed.outputs)
            with pytest.raises(AppError, match="no film"):
                await feed.send(FRAME)


async def test_an_input_that_does_not_fit_is_refused_and_the_stream_goes_on(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.stream("/see", text="a") as feed:
            with pytest.raises(InvalidInputError):
                await feed.send(FRAME, txt="b")
            with pytest.raises(InvalidInputError):
                await feed.send("missing.png")
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "a1"


async def test_an_input_that_takes_too_long_ends_the_stream(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        view = space.with_options(timeouts=Timeouts(run=0.3))
        async with view.stream("/slow", text="0") as feed:
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "0"
            await anyio.sleep(0.5)  # the time between two inputs does not count
            await feed.send(FRAME, text="2")
            with pytest.raises(DeadlineError):
                await anext(feed.outputs)


async def test_only_an_endpoint_with_a_stream_event_takes_a_stream(space: Space) -> None:
    assert space.endpoints["/echo"].stream_input is None
    assert space.endpoints["/see"].stream_input == space.endpoints["/see"].parameters[0].name
    with pytest.raises(InvalidInputError, match="takes no stream"):
        await space.stream("/echo", text="x").__aenter__()
    with pytest.raises(NotFoundError, match="did you mean"):
        await space.stream("/sea").__aenter__()
    with pytest.raises(InvalidInputError, match="call_api"):
        await space.with_options(call_api=True).stream("/see").__aenter__()


async def test_a_stream_is_for_one_use(space: Space) -> None:
    feed = space.stream("/see", text="a")
    with pytest.raises(RuntimeError, match="not open"):
        await feed.send(FRAME)
    async with feed:
        pass
    with pytest.raises(RuntimeError, match="has ended, by finish or at the end of its block"):
        await feed.send(FRAME)
    with pytest.raises(RuntimeError, match="one use"):
        await feed.__aenter__()


async def test_a_closed_space_ends_its_streams(app: AppServer) -> None:
    with anyio.fail_after(DEADLINE):
        async with Space(app.url) as space:
            feed = await space.stream("/see", text="a").__aenter__()
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "a1"
        if space.gradio_version >= (5,):
            with pytest.raises(JobCancelledError, match="the Space was closed"):
                await anext(feed.outputs)


def test_a_stream_without_async(app: AppServer) -> None:
    values: list[Any] = []
    with SyncSpace(app.url) as space, space.stream("/see", text="a") as feed:
        feed.send(FRAME)
        assert next(feed.outputs) == "a1"
        reader = threading.Thread(target=lambda: values.extend(feed.outputs))
        reader.start()
        for _ in range(3):
            feed.send(FRAME)
        feed.finish()
        reader.join(DEADLINE)
        assert repr(feed) == "<SyncFeed /see>"
    assert values == ["a2", "a3", "a4"]
