"""What is recorded and replayed: a bit of everything that a client does."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import anyio

from spacecall import AppError, Output, Space, SyncSpace
from tests.servers import DATA

Outcome: TypeAlias = dict[str, Any]
RED = DATA / "red.png"


async def play(address: str) -> Outcome:
    """A stream, an upload, a download, an error, a cancelled job, twenty calls at once."""
    found: Outcome = {}
    async with Space(address) as space:
        async with space.call("/stream_text", text="a", n=3) as job:
            found["stream"] = [value async for value in job.outputs]
        image = await space.call("/image", path=RED)
        found["download"] = await image.read()
        try:
            await space.call("/fail2", text="oh")
        except AppError as error:
            found["error"] = (error.message, error.title)
        async with space.call("/slow_stream", seconds=30) as job:
            async for event in job:
                if isinstance(event, Output):
                    found["first"] = event.value
                    break
        found["many"] = await many(space)
    return found


async def many(space: Space) -> dict[int, str]:
    """Twenty calls at once."""
    found: dict[int, str] = {}

    async def one(number: int) -> None:
        found[number] = await space.call("/echo", text=f"call {number}")

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(one, number)
    return dict(sorted(found.items()))


def from_threads(space: SyncSpace) -> dict[int, str]:
    """Twenty calls at once, each from a thread of its own."""
    found: dict[int, str] = {}

    def call(number: int) -> None:
        found[number] = space.call("/echo", text=f"call {number}").result()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return dict(sorted(found.items()))
