"""Files without async: read, saved and streamed through a portal."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from spacecall._client.concurrency.portal import Portal, hold_open
from spacecall.files import MAX_READ_BYTES, MAX_SAVE_BYTES, File

_Chunk: TypeAlias = bytes | Exception
"""A part of a file, or the error that ended it."""


class _HasPortal(Protocol):
    @property
    def _portal(self) -> Portal: ...


class SyncFiles:
    """Reads and saves files in threads, for each class that has a portal."""

    def read(self: _HasPortal, file: File, *, max_bytes: int | None = MAX_READ_BYTES) -> bytes:
        """Read a file into memory; see `File.read`."""
        portal = self._portal  # pyright: ignore[reportPrivateUsage] - of this class, in fact
        return portal.wait(lambda: file.read(max_bytes=max_bytes))

    def save(
        self: _HasPortal,
        file: File,
        path: str | os.PathLike[str],
        *,
        max_bytes: int | None = MAX_SAVE_BYTES,
    ) -> Path:
        """Write a file to `path`, or into that folder; see `File.save`."""
        portal = self._portal  # pyright: ignore[reportPrivateUsage] - of this class, in fact
        return portal.wait(lambda: file.save(path, max_bytes=max_bytes))

    def stream(self: _HasPortal, file: File) -> AbstractContextManager[Iterator[bytes]]:
        """Read a file in chunks: `with space.stream(file) as chunks`; see `File.stream`."""
        portal = self._portal  # pyright: ignore[reportPrivateUsage] - of this class, in fact
        portal.check()
        return _stream(file)


@contextmanager
def _stream(file: File) -> Generator[Iterator[bytes], None, None]:
    portal, chunks = hold_open(_read_ahead(file), f"the stream of {file.name!r}")

    def iterate() -> Iterator[bytes]:
        while True:
            try:
                chunk = portal.wait(chunks.receive)
            except anyio.EndOfStream:
                return
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    try:
        yield iterate()
    finally:
        portal.close()


@asynccontextmanager
async def _read_ahead(file: File) -> AsyncGenerator[ObjectReceiveStream[_Chunk], None]:
    """Give the chunks of a file to other tasks; at most one chunk waits in memory.

    The file is opened, read and closed by one task, since cancel scopes cannot cross tasks.
    """
    sender, receiver = anyio.create_memory_object_stream[_Chunk](0)
    async with receiver, anyio.create_task_group() as group:
        group.start_soon(_send_chunks, file, sender)
        try:
            yield receiver
        finally:
            group.cancel_scope.cancel()


async def _send_chunks(file: File, sender: ObjectSendStream[_Chunk]) -> None:
    async with sender:
        try:
            async with file.stream() as chunks:
                async for chunk in chunks:
                    await sender.send(chunk)
        except Exception as error:  # noqa: BLE001 - the reader raises it
            await sender.send(error)
