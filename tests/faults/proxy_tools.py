"""A Space on a real server behind the proxy, which must be usable after whatever happened to it."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from spacecall import Retry, Space, Timeouts
from tests.client.tools import queue_size, until
from tests.faults.proxy import Proxy, proxy
from tests.faults.tools import PATIENT, tasks, until_quiet
from tests.servers import AppServer

DEADLINE = 100.0
"""Seconds that a test may take on a busy machine."""

ONCE = Retry(attempts=1)


async def works(space: Space) -> None:
    """A call works, a streamed one too, and the client comes to rest."""
    assert await space.call("/echo", text="after") == "after"
    async with space.call("/stream_text", text="w", n=2) as job:
        values = [value async for value in job.outputs]
    assert values[-1] == "w0 w1 "
    await until_quiet()


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def running(server: AppServer) -> int:
    """How many of the app's slow functions have begun and not ended, as its log has it."""
    log = server.log()
    starts = re.findall(r"^slow_\w+ start ", log, re.MULTILINE)
    ended = re.findall(r"^slow_\w+ (?:finished|cancelled|GeneratorExit) ", log, re.MULTILINE)
    return len(starts) - len(ended)


async def queue_is_empty(space: Space) -> bool:
    """Whether no job waits on the server."""
    return not await queue_size(space)


@asynccontextmanager
async def spoilt(
    server: AppServer, *, timeouts: Timeouts = PATIENT, retry: Retry = ONCE, **options: Any
) -> AsyncGenerator[tuple[Proxy, Space]]:
    """The proxy and a Space behind it.

    At the end the proxy spoils nothing any more: the Space must work, the server's queue be empty,
    no slow job run there, and no task, connection, descriptor or thread be left.
    """
    threads, opened, slow = set(threading.enumerate()), descriptors(), running(server)
    with anyio.fail_after(DEADLINE):
        async with proxy(server.port) as way:
            async with Space(way.url, timeouts=timeouts, retry=retry, **options) as space:
                yield way, space
                way.recover()
                await until_quiet()
                await way.refuse()  # what is still being spoilt ends with its connection
                await until(lambda: not way.open)
                await way.accept()
                await works(space)
                await until(lambda: queue_is_empty(space))
            assert not tasks()
            await until(lambda: not way.open)
        await until(lambda: descriptors() <= opened)
        await until(lambda: not server.running() or running(server) <= slow)
    assert not [thread for thread in set(threading.enumerate()) - threads if not _pooled(thread)]


def _pooled(thread: threading.Thread) -> bool:
    """Whether the event loop keeps it for the next blocking call."""
    return thread.name.startswith(("AnyIO worker thread", "Trio thread", "asyncio_"))
