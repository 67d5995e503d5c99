"""Ordinary calls of an endpoint that takes a stream: one input, one value, and no place is held."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from spacecall import AppError, Completed, Queued, Session, Space, Started, Ticket, Uploading
from tests import servers
from tests.client.tools import DEADLINE, logged, unique
from tests.conftest import ServerPool
from tests.servers import AppServer

FRAME = (servers.DATA / "red.png").read_bytes()


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", request.param)


@pytest.fixture
async def space(app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(app.url) as space:
        yield space


async def test_a_call_of_one_input_ends_with_its_value(space: Space) -> None:
    with anyio.fail_after(DEADLINE / 2):  # the time limit of the endpoint is 20 s, for each call
        for text in ("a", "b"):
            async with space.call("/see", frame=FRAME, text=text) as job:
                events = [event async for event in job]
            kinds = [type(event) for event in events if not isinstance(event, Uploading)]
            assert kinds == [Queued, Started, Completed]
            assert await job.result() == f"{text}1"
        assert await space.call("/see", frame=FRAME, text="c").with_options(call_api=True) == "c1"


async def test_an_endpoint_without_a_time_limit_lets_go_too(space: Space) -> None:
    with anyio.fail_after(DEADLINE / 2):
        for _ in range(2):
            assert await space.call("/unlimited", frame=FRAME) == "seen"


async def test_two_calls_of_one_session_at_once_both_let_go(space: Space) -> None:
    results: list[str] = []

    async def call(session: Session, text: str) -> None:
        results.append(await session.call("/slow", frame=FRAME, text=text))

    with anyio.fail_after(DEADLINE / 2):
        async with space.session() as session, anyio.create_task_group() as group:
            group.start_soon(call, session, "0.1")
            group.start_soon(call, session, "0.2")
        assert sorted(results) == ["0.1", "0.2"]
        assert await space.call("/slow", frame=FRAME, text="0") == "0"


async def test_a_detached_call_of_one_input_holds_no_place(space: Space) -> None:
    with anyio.fail_after(DEADLINE / 2):
        ticket = await space.call("/see", frame=FRAME, text="left").detach()
        assert await space.call("/see", frame=FRAME, text="next") == "next1"
        value = await space.collect(Ticket.from_json(ticket.to_json()))
    assert value in ("left1", "left2")  # Gradio 5 may run it again when its input is closed


async def test_a_call_that_is_left_holds_no_place(space: Space, app: AppServer) -> None:
    seconds = str(unique(1))
    with anyio.fail_after(DEADLINE / 2):
        async with space.call("/slow", frame=FRAME, text=seconds):
            await logged(app, f"slow start {seconds}")
        assert await space.call("/slow", frame=FRAME, text="0") == "0"


async def test_an_error_of_the_app_ends_the_call(space: Space) -> None:
    with pytest.raises(AppError, match="no film"):
        await space.call("/fail", frame=FRAME, text="fail")
