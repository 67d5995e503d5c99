"""Reading stdin without keeping anything else from running, or the process from ending."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator

import anyio
from anyio.to_thread import run_sync

__all__ = ["lines", "read_all"]

_CHUNK = 64 * 1024


async def read_all() -> bytes:
    """Everything that is on stdin."""
    return b"".join([chunk async for chunk in _chunks()])


async def lines() -> AsyncGenerator[bytes, None]:
    """The lines of stdin, as they come."""
    rest = b""
    async for chunk in _chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


async def _chunks() -> AsyncGenerator[bytes, None]:
    descriptor = sys.stdin.fileno()
    while True:
        try:
            # A thread that waits for a pipe or a terminal would keep the process from ending.
            await anyio.wait_readable(descriptor)
            chunk = os.read(descriptor, _CHUNK)
        except OSError:  # a regular file cannot be waited for, and need not be
            chunk = await run_sync(os.read, descriptor, _CHUNK)
        if not chunk:
            return
        yield chunk
