"""Real servers that are killed and started again at the same address, to the client's eyes."""

from __future__ import annotations

import re
from collections.abc import Generator

import anyio
import pytest
from anyio.to_thread import run_sync

from spacecall import (
    AppRestartedError,
    JobLostError,
    Retry,
    Session,
    Space,
    Timeouts,
    TransportError,
)
from tests import servers
from tests.client.tools import first_value, until
from tests.faults.proxy import Proxy
from tests.faults.proxy_tools import spoilt, works
from tests.servers import AppServer

AGAIN = Retry(attempts=300, wait_initial=0.1, wait_max=0.2, resubmit_lost=3)
LONG = Timeouts(queue=60, run=60)


class Mortal:
    """A server that can be killed and started again."""

    def __init__(self) -> None:
        self.server = self._start()

    @staticmethod
    def _start() -> AppServer:
        return servers.start("protocol_app.py", servers.GRADIO_6)

    async def kill(self) -> None:
        self.server.kill()
        await run_sync(self.server.stop)

    async def revive(self, way: Proxy) -> None:
        """The proxy leads to the new server: the client sees one that was started again."""
        self.server = await run_sync(self._start)
        way.upstream = self.server.port


@pytest.fixture(scope="module")
def mortal() -> Generator[Mortal]:
    app = Mortal()
    yield app
    app.server.stop()


async def turn(session: Session) -> int:
    """How many turns the session's State says it had."""
    _, history = await session.call("/chat", message="hi", history=[])
    match = re.search(r"turn (\d+)", str(history))
    assert match
    return int(match[1])


async def test_a_server_started_again_knows_no_job_of_before_and_takes_new_ones(
    mortal: Mortal,
) -> None:
    async with spoilt(mortal.server) as (way, space), space.session() as session:
        assert await turn(session) == 1
        ticket = await space.call("/slow_many", seconds=0.1).detach()
        async with space.call("/slow_stream", seconds=60) as job:
            await first_value(job)
            await mortal.kill()
            with pytest.raises(JobLostError) as lost:
                await job.result()
            assert lost.value.sent
        with pytest.raises(TransportError):
            await space.call("/echo", text="x")
        await mortal.revive(way)
        await works(space)
        with pytest.raises(AppRestartedError, match="restarted"):
            await space.collect(ticket)
        with pytest.raises(AppRestartedError, match="State is gone: open another session"):
            await turn(session)
        async with space.session() as another:
            assert await turn(another) == 1, "State went with the server"


async def test_calls_that_may_be_submitted_again_survive_a_restart(mortal: Mortal) -> None:
    values: list[str] = []
    accepted = 0

    async def call(space: Space, seconds: float) -> None:
        nonlocal accepted
        async with space.call("/slow_many", seconds=seconds) as job:
            await until(lambda: job.event_id is not None)
            accepted += 1
            values.append(await job.result())

    waits = [0.5 + number / 100 for number in range(50)]
    async with spoilt(mortal.server, retry=AGAIN, timeouts=LONG) as (way, space):
        async with anyio.create_task_group() as group:
            for seconds in waits:
                group.start_soon(call, space, seconds)
            await until(lambda: accepted == len(waits))
            await way.refuse()
            await mortal.kill()
            await mortal.revive(way)
            await way.accept()
        assert sorted(values) == sorted(f"slept {seconds}" for seconds in waits)
        assert way.asked("queue/join") > len(waits), "some were lost"
