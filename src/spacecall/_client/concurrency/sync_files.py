"""Files without async: read, saved and streamed through a portal."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from spacecall._client.concurrency.portal import Portal, hold_open
from spacecall._warnings import find_caller
from spacecall.files import MAX_READ_BYTES, MAX_SAVE_BYTES, File, MediaSegment

T = TypeVar("T")
_Open: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncIterator[T]]]
"""Opens a file as its parts."""


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
        location = find_caller()
        save = file._save  # pyright: ignore[reportPrivateUsage] - its twin
        return portal.wait(lambda: save(path, max_bytes, location))

    def iter_bytes(self: _HasPortal, file: File) -> AbstractContextManager[Iterator[bytes]]:
        """Read a file in chunks: `with space.iter_bytes(file) as chunks`; see `File.stream`."""
        portal = self._portal  # pyright: ignore[reportPrivateUsage] - of this class, in fact
        portal.check()
        return _iterate(file.stream, f"the stream of {file.name!r}")

    def live(self: _HasPortal, file: File) -> AbstractContextManager[Iterator[MediaSegment]]:
        """Read streamed media as the app makes it: `with space.live(file) as segments`.

        See `File.live`.
        """
        portal = self._portal  # pyright: ignore[reportPrivateUsage] - of this class, in fact
        portal.check()
        return _iterate(file.live, f"the segments of {file.name!r}")


@contextmanager
def _iterate(open_parts: _Open[T], name: str) -> Generator[Iterator[T], None, None]:
    portal, parts = hold_open(_read_ahead(open_parts), name)

    def iterate() -> Iterator[T]:
        while True:
            try:
                part = portal.wait(parts.receive)
            except anyio.EndOfStream:
                return
            if isinstance(part, Exception):
                raise part
            yield part

    try:
        yield iterate()
    finally:
        portal.close()


@asynccontextmanager
async def _read_ahead(
    open_parts: _Open[T],
) -> AsyncGenerator[ObjectReceiveStream[T | Exception], None]:
    """Give the parts of a file to other tasks; at most one part waits in memory.

    The file is opened, read and closed by one task, since cancel scopes cannot cross tasks. An
    error that ends the parts is sent as the last.
    """
    sender, receiver = anyio.create_memory_object_stream[T | Exception](0)
    async with receiver, anyio.create_task_group() as group:
        group.start_soon(_send_parts, open_parts, sender)
        try:
            yield receiver
        finally:
            group.cancel_scope.cancel()


async def _send_parts(open_parts: _Open[T], sender: ObjectSendStream[T | Exception]) -> None:
    async with sender:
        try:
            async with open_parts() as parts:
                async for part in parts:
                    await sender.send(part)
        except Exception as error:  # noqa: BLE001 - the reader raises it
            await sender.send(error)
