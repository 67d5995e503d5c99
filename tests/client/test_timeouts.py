"""Each phase of a call has a deadline of its own, and its error says which passed."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import pytest

from spacecall import DeadlineError, Space, Timeouts, Uploading
from spacecall.errors import Phase
from spacecall.files import file_of
from tests.client.tools import DEADLINE, logged, suspended, unique
from tests.servers import AppServer


async def late(space: Space, timeouts: Timeouts, seconds: float) -> DeadlineError:
    """The error of a slow call with these timeouts, which must come soon."""
    began = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        await space.call("/slow_async", seconds=seconds).with_options(timeouts=timeouts)
    assert time.monotonic() - began < 5
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.endpoint == "/slow_async"
    assert caught.value.event_id
    return caught.value


@pytest.mark.parametrize(
    ("timeouts", "phase"),
    [(Timeouts(run=0.3), "run"), (Timeouts(total=0.5), "total")],
    ids=["run", "total"],
)
async def test_a_job_that_works_too_long_is_given_up_and_cancelled(
    space: Space, protocol_app: AppServer, timeouts: Timeouts, phase: Phase
) -> None:
    seconds = unique(30)
    error = await late(space, timeouts, seconds)
    assert error.phase == phase
    assert f"{0.3 if phase == 'run' else 0.5} s" in error.message
    await logged(protocol_app, f"slow_async cancelled {seconds}")


async def test_a_job_that_waits_too_long_for_its_turn_is_given_up(
    space: Space, protocol_app: AppServer
) -> None:
    running = unique(1)
    async with space.call("/slow_async", seconds=running) as job:
        await logged(protocol_app, f"slow_async start {running}")
        waiting = unique(30)
        error = await late(space, Timeouts(queue=0.3, run=0.01), waiting)
        assert error.phase == "queue"
        assert await job.result() == f"slept {running}"
    assert await space.call("/slow_async", seconds=0) == "slept 0"
    assert f"slow_async finished {waiting}" not in protocol_app.log()


async def test_the_deadline_of_the_queue_ends_when_the_app_starts(space: Space) -> None:
    timeouts = Timeouts(queue=0.6, run=10)
    call = space.call("/slow_async", seconds=1).with_options(timeouts=timeouts)
    assert await call == "slept 1"


async def test_the_deadline_counts_while_events_are_read(space: Space) -> None:
    timeouts = Timeouts(run=0.5)
    async with space.call("/slow_stream", seconds=30).with_options(timeouts=timeouts) as job:
        with pytest.raises(DeadlineError) as caught:
            async for _ in job:
                pass
    assert caught.value.phase == "run"


class Trickle:
    """A file of which nothing comes after its first bytes."""

    name, size, mime_type, url = "trickle.txt", None, None, None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async def chunks() -> AsyncGenerator[bytes, None]:
            yield b"x"
            await anyio.sleep_forever()

        yield chunks()


async def test_an_upload_that_takes_too_long_is_given_up(space: Space) -> None:
    call = space.call("/files", files=[file_of(Trickle())])
    async with call.with_options(timeouts=Timeouts(upload=0.3)) as job:
        assert isinstance(await anext(job), Uploading)
        with anyio.fail_after(DEADLINE), pytest.raises(DeadlineError) as caught:
            await job.result()
    assert caught.value.phase == "upload"
    assert caught.value.endpoint == "/files"
    assert await space.call("/echo", text="x") == "x"


async def test_the_deadline_of_the_whole_call_counts_the_upload(space: Space) -> None:
    call = space.call("/files", files=[file_of(Trickle())])
    with anyio.fail_after(DEADLINE), pytest.raises(DeadlineError) as caught:
        await call.with_options(timeouts=Timeouts(total=0.3))
    assert caught.value.phase == "total"


@pytest.fixture
def full() -> Iterator[str]:
    """The address of a listener whose queue of connections is full: none is accepted."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for connection in waiting:
            connection.close()


async def test_a_connection_that_is_not_accepted_is_given_up(full: str) -> None:
    space = Space(full, timeouts=Timeouts(connect=0.2))
    with anyio.fail_after(DEADLINE), pytest.raises(DeadlineError) as caught:
        await space.__aenter__()
    assert caught.value.phase == "connect"
    assert caught.value.space == full


async def test_a_stream_that_falls_silent_is_given_up(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, timeouts=Timeouts(idle=1, cancel=0.2)) as space:
        async with space.call("/slow_async", seconds=1.4) as job:
            await anext(job)
            with suspended(protocol_app), pytest.raises(DeadlineError, match="silent") as caught:
                await job.result()
        assert caught.value.phase == "idle"
        assert await space.call("/echo", text="x") == "x"
