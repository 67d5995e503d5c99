"""Read stdin without blocking the event loop, or the end of the process."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator

import anyio
from anyio.to_thread import run_sync

__all__ = ["read_all", "read_lines"]

_CHUNK_BYTES = 64 * 1024


async def read_all() -> bytes:
    """Read stdin to its end."""
    return b"".join([chunk async for chunk in _read_chunks()])


async def read_lines() -> AsyncGenerator[bytes, None]:
    """Yield the lines of stdin as they arrive."""
    unfinished = b""
    async for chunk in _read_chunks():
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        for line in lines:
            yield line
    if unfinished:
        yield unfinished


async def _read_chunks() -> AsyncGenerator[bytes, None]:
    descriptor = sys.stdin.fileno()
    while True:
        try:
            # A thread that reads a pipe or a terminal would keep the process from ending.
            await anyio.wait_readable(descriptor)
            chunk = os.read(descriptor, _CHUNK_BYTES)
        except OSError:  # regular files do not support waiting, but never block either
            chunk = await run_sync(os.read, descriptor, _CHUNK_BYTES)
        if not chunk:
            return
        yield chunk
