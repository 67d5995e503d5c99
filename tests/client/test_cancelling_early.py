"""A call that is given up before the app works on it: uploading, joining, waiting in the queue."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from spacecall import Job, JobCancelledError, Limits, Queued, Space, Uploading
from spacecall._client.calls.caller import Caller
from spacecall.files import file_of
from tests.client.tools import DEADLINE, logged, queue_size, suspended, unique, until
from tests.servers import AppServer


class Endless:
    """A file that never ends; it notes whether its reader has left."""

    name, size, mime_type, url = "endless.txt", None, None, None

    def __init__(self) -> None:
        self.closed = False

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async def chunks() -> AsyncGenerator[bytes, None]:
            yield b"x"
            await anyio.sleep_forever()

        try:
            yield chunks()
        finally:
            self.closed = True


async def sending(job: Job[Any]) -> None:
    """Wait until some of its files is sent."""
    async for event in job:
        assert isinstance(event, Uploading)
        if event.sent:
            return


async def test_a_call_given_up_while_it_uploads_stops_sending(space: Space) -> None:
    source = Endless()
    async with space.call("/files", files=[file_of(source)]) as job:
        await sending(job)
    await until(lambda: source.closed)
    assert job.event_id is None
    assert await space.call("/echo", text="x") == "x"


async def test_a_task_cancelled_while_it_uploads_stops_sending(space: Space) -> None:
    source = Endless()
    with anyio.move_on_after(0.3) as scope:
        await space.call("/files", files=[file_of(source)])
    assert scope.cancelled_caught
    await until(lambda: source.closed)


@pytest.fixture(params=["pool", "session"])
async def caller(request: pytest.FixtureRequest, space: Space) -> AsyncGenerator[Caller, None]:
    if request.param == "pool":
        yield space
    else:
        async with space.session() as session:
            yield session


async def test_a_job_that_waits_never_runs(
    caller: Caller, space: Space, protocol_app: AppServer
) -> None:
    running, waiting = unique(0.5), unique(30)
    async with space.call("/slow_async", seconds=running) as job:
        await logged(protocol_app, f"slow_async start {running}")
        async with caller.call("/slow_async", seconds=waiting) as second_job:
            assert isinstance(await anext(second_job), Queued)
        assert await job.result() == f"slept {running}"
    # The function has one place: it is free only if the other job is not there.
    with anyio.fail_after(DEADLINE):
        assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {waiting}" not in protocol_app.log()


async def test_a_call_left_as_soon_as_it_is_entered_never_runs_to_its_end(
    caller: Caller, space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    for _ in range(3):
        async with caller.call("/slow_async", seconds=seconds):
            pass
    with anyio.fail_after(DEADLINE):
        assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {seconds}" not in protocol_app.log()
    assert await queue_size(space) == 0


async def test_a_space_left_at_once_leaves_no_job_behind(protocol_app: AppServer) -> None:
    seconds = unique(30)
    async with Space(protocol_app.url, limits=Limits(max_streams=2)) as space:
        for _ in range(5):
            await space.call("/slow_async", seconds=seconds).__aenter__()
    async with Space(protocol_app.url) as space:
        with anyio.fail_after(DEADLINE):
            assert await space.call("/slow_async", seconds=0) == "slept 0"
        assert await queue_size(space) == 0
    assert f"slow_async finished {seconds}" not in protocol_app.log()


async def test_a_session_left_at_once_leaves_no_job_behind(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    async with space.session() as session:
        job = await session.call("/slow_async", seconds=seconds).__aenter__()
    with anyio.fail_after(DEADLINE):
        with pytest.raises(JobCancelledError, match="session was closed"):
            await job.result()
        assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {seconds}" not in protocol_app.log()


async def test_a_session_left_while_it_uploads_stops_sending(space: Space) -> None:
    source = Endless()
    async with space.session() as session:
        job = await session.call("/files", files=[file_of(source)]).__aenter__()
        await sending(job)
    with anyio.fail_after(DEADLINE), pytest.raises(JobCancelledError, match="session was closed"):
        await job.result()
    await until(lambda: source.closed)


async def test_a_caller_cancelled_while_the_join_is_on_its_way_leaves_no_job_behind(
    protocol_app: AppServer,
) -> None:
    sent = anyio.Event()
    seconds = unique(30)

    async def watch(request: httpx.Request) -> None:
        if request.url.path.endswith("/queue/join"):
            sent.set()

    client = httpx.AsyncClient(event_hooks={"request": [watch]}, timeout=None)
    async with client, Space(protocol_app.url, http_client=client) as space:
        with suspended(protocol_app):
            async with anyio.create_task_group() as group:

                async def call() -> None:
                    await space.call("/slow_async", seconds=seconds)

                group.start_soon(call)
                await sent.wait()
                group.cancel_scope.cancel()
        with anyio.fail_after(DEADLINE):
            assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {seconds}" not in protocol_app.log()


async def test_a_job_cancelled_and_left_while_it_joins_is_cancelled_when_it_is_accepted(
    protocol_app: AppServer,
) -> None:
    sent, accepted = anyio.Event(), anyio.Event()
    seconds = unique(30)

    async def hold(response: httpx.Response) -> None:
        if response.request.url.path.endswith("/queue/join"):
            sent.set()
            await accepted.wait()

    client = httpx.AsyncClient(event_hooks={"response": [hold]})
    async with client, Space(protocol_app.url, http_client=client) as space:
        async with space.call("/slow_async", seconds=seconds) as job:
            await sent.wait()
            await logged(protocol_app, f"slow_async start {seconds}")
            await job.cancel()
        accepted.set()
        await logged(protocol_app, f"slow_async cancelled {seconds}")
