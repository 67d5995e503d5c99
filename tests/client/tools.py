"""What the tests of the client share: waiting for facts, and jobs that can be told apart."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import anyio
import httpx

from spacecall import Job, Output, Space
from tests.servers import AppServer

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds that a test waits for what must happen."""


async def until(fact: Callable[[], bool | Awaitable[bool]], *, seconds: float = DEADLINE) -> None:
    """Wait until `fact` holds; TimeoutError if it does not in time."""
    with anyio.fail_after(seconds):
        while True:
            held = fact()
            if held if isinstance(held, bool) else await held:
                return
            await anyio.sleep(0.02)


async def logged(server: AppServer, line: str) -> None:
    """Wait until the app has printed `line`."""
    await until(lambda: line in server.log().splitlines())


async def collect(values: AsyncIterator[T], seen: list[T]) -> None:
    """Put all that comes into `seen`, which keeps it when an error comes at last."""
    async for value in values:
        seen.append(value)  # noqa: PERF401


async def first_value(job: Job[Any]) -> None:
    """Wait until the app's generator is under way: before that, Gradio cannot end it."""
    async for event in job:
        if isinstance(event, Output):
            return


@contextmanager
def suspended(server: AppServer) -> Generator[None]:
    """Inside, the app's process stands still: connections stay open, and nothing is answered."""
    server.suspend()
    try:
        yield
    finally:
        server.resume()


def unique(seconds: float) -> float:
    """A duration near `seconds` that no other call has: the app logs it."""
    return seconds + random.random() / 10


async def queue_size(space: Space) -> int:
    """How many jobs wait in the app's queue."""
    async with httpx.AsyncClient() as client:
        prefix = "" if space.gradio_version < (5,) else "/gradio_api"
        answer = await client.get(f"{space.url}{prefix}/queue/status")
        return int(answer.json()["queue_size"])


async def fn_index(space: Space, api_name: str) -> int:
    """The number that the app knows a function by."""
    async with httpx.AsyncClient() as client:
        config = (await client.get(f"{space.url}/config")).json()
    (fn_index,) = (
        dependency["id"]
        for dependency in config["dependencies"]
        if dependency["api_name"] == api_name
    )
    return int(fn_index)


@asynccontextmanager
async def counting(
    server: AppServer, **options: Any
) -> AsyncGenerator[tuple[Space, Counter[str]], None]:
    """A Space, and how often each path was requested with it, addresses elsewhere in full."""
    counts = Counter[str]()

    async def count(request: httpx.Request) -> None:
        counts[str(request.url).partition("?")[0].removeprefix(server.url)] += 1

    async with (
        httpx.AsyncClient(event_hooks={"request": [count]}) as client,
        Space(server.url, http_client=client, **options) as space,
    ):
        yield space, counts
