"""A client process that is killed: what it had detached is collected by another."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
from anyio.streams.text import TextReceiveStream

from spacecall import Ticket
from tests.faults.proxy_tools import spoilt
from tests.faults.tools import PATIENT
from tests.servers import AppServer

JOBS = 100
CLIENT = f"""
import sys, anyio
from spacecall import Space

async def main():
    async with Space(sys.argv[1]) as space:
        async def leave(number):
            ticket = await space.call("/slow_many", seconds=number / 1000).detach()
            print(ticket.to_json(), flush=True)

        async with anyio.create_task_group() as group:
            for number in range({JOBS}):
                group.start_soon(leave, number)
        await anyio.sleep_forever()

anyio.run(main)
"""


async def test_100_jobs_detached_by_a_process_that_is_killed_are_all_collected_elsewhere(
    protocol_app_6: AppServer,
) -> None:
    # Their queue may be a long one on a busy machine.
    async with spoilt(protocol_app_6, timeouts=replace(PATIENT, queue=60)) as (way, space):
        tickets = [Ticket.from_json(line) async for line in left_by_a_killed_process(way.url)]
        assert len({ticket.event_id for ticket in tickets}) == JOBS
        values: list[str] = []

        async def collect(ticket: Ticket) -> None:
            values.append(await space.collect(ticket))

        async with anyio.create_task_group() as group:
            for ticket in tickets:
                group.start_soon(collect, ticket)
        assert sorted(values) == sorted(f"slept {number / 1000}" for number in range(JOBS))


async def left_by_a_killed_process(url: str) -> AsyncIterator[str]:
    """What the client prints; it is killed after its last ticket."""
    command = [sys.executable, "-c", CLIENT, url]
    async with await anyio.open_process(command, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        text = ""
        async for piece in TextReceiveStream(process.stdout):
            text += piece
            if text.count("\n") == JOBS:
                break
        process.kill()
        assert await process.wait() == -signal.SIGKILL
    for line in text.splitlines():
        yield line
