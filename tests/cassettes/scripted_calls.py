"""The calls that are recorded and replayed: one of each kind that a client makes."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import anyio

from spacecall import AppError, Output, Space, SyncSpace
from tests.servers import DATA

Results: TypeAlias = dict[str, Any]
RED = DATA / "red.png"


async def play(address: str) -> Results:
    """Stream, upload, download, get an error, cancel a job, make 20 calls at once."""
    results: Results = {}
    async with Space(address) as space:
        async with space.call("/stream_text", text="a", n=3) as job:
            results["stream"] = [value async for value in job.outputs]
        image = await space.call("/image", path=RED)
        results["download"] = await image.read()
        try:
            await space.call("/fail2", text="oh")
        except AppError as error:
            results["error"] = (error.message, error.title)
        async with space.call("/slow_stream", seconds=30) as job:
            async for event in job:
                if isinstance(event, Output):
                    results["first"] = event.value
                    break
        results["many"] = await make_calls(space)
    return results


async def make_calls(space: Space) -> dict[int, str]:
    """Make 20 calls at once; return the results by number."""
    results: dict[int, str] = {}

    async def call(number: int) -> None:
        results[number] = await space.call("/echo", text=f"call {number}")

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(call, number)
    return dict(sorted(results.items()))


def make_calls_from_threads(space: SyncSpace) -> dict[int, str]:
    """Make 20 calls at once, each from its own thread; return the results by number."""
    results: dict[int, str] = {}

    def call(number: int) -> None:
        results[number] = space.call("/echo", text=f"call {number}").result()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return dict(sorted(results.items()))
