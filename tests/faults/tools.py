"""A Space on the stand-in, which must be usable after whatever happened to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import anyio

from spacecall import Limits, Retry, Space, Timeouts
from tests.client.tools import until
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Stub, sse, stub

DEADLINE = 30.0
"""Seconds that a test may take: an error comes at once, or when its own deadline says."""

PATIENT = Timeouts(connect=3, upload=5, queue=20, run=5, idle=5, cancel=1)

Sender: TypeAlias = Callable[[Exchange, bytes], Awaitable[None]]
"""Sends the bytes of a stream, as they are or not."""


def tasks() -> list[str]:
    """What the client is doing in the background."""
    names = (task.name or "" for task in anyio.get_running_tasks())
    return [name for name in names if name.startswith("spacecall.")]


async def until_quiet() -> None:
    """Wait until the client does nothing in the background any more."""
    await until(lambda: not tasks())


async def still_works(space: Space) -> None:
    """A plain call works, a streamed one too, and the client comes to rest."""
    assert await space.call("/echo", text="after") == "after"
    async with space.call("/stream", text="a b") as job:
        assert [value async for value in job.outputs] == ["a ", "a b"]
    await until_quiet()


def holds(folder: Path, *names: str) -> bool:
    """Whether a folder holds these files and no other."""
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@asynccontextmanager
async def faulty(
    *,
    timeouts: Timeouts = PATIENT,
    retry: Retry | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> AsyncGenerator[tuple[Stub, Space], None]:
    """A stand-in and a Space on it. At the end it behaves again, and the Space must work."""
    retry = retry or Retry(attempts=2, wait_initial=0.01, jitter=0)
    with anyio.fail_after(DEADLINE):
        async with (
            stub() as app,
            Space(app.url, timeouts=timeouts, retry=retry, limits=limits, **options) as space,
        ):
            yield app, space
            app.recover()
            await still_works(space)
        assert not tasks()


def through(app: Stub, send: Sender) -> Handler:
    """A stream whose sound bytes are sent by `send`."""

    async def stream(exchange: Exchange) -> None:
        await exchange.begin()
        await send(exchange, sse(app.session(exchange).take()))
        await exchange.end()

    return stream
