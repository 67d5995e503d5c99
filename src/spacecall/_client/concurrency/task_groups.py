"""Task groups whose body's error comes out as it was raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVarTuple, Unpack

import anyio
from anyio.abc import TaskGroup, TaskStatus

from spacecall._client.concurrency.lifetime import on_asyncio

Args = TypeVarTuple("Args")


class BackgroundTasks:
    """Starts tasks in a group, and keeps the error with which one of them ended all.

    Attributes:
        failure: that error; None while nothing has failed.
    """

    def __init__(self, group: TaskGroup) -> None:
        self.failure: Exception | None = None
        self._group = group

    def start_soon(
        self, function: Callable[[Unpack[Args]], Awaitable[object]], *args: *Args
    ) -> None:
        """Run `function` in a task of the group."""
        self._group.start_soon(self._run, function, args)

    async def _run(
        self, function: Callable[[Unpack[Args]], Awaitable[object]], args: tuple[*Args]
    ) -> None:
        try:
            await function(*args)
        except Exception as error:
            self.failure = self.failure or error
            raise


@asynccontextmanager
async def unwrapping_task_group() -> AsyncGenerator[TaskGroup, None]:
    """A task group; one error is raised as it is, several as a group. Leaving cancels its tasks."""
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            finally:
                group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        first, *others = errors.exceptions
        if others:
            raise
        raise first from first.__cause__


@asynccontextmanager
async def shielded_task_group() -> AsyncGenerator[TaskGroup, None]:
    """Open an `unwrapping_task_group` whose tasks outlive the cancellation of its body.

    On asyncio the body runs in a task of its own (see `Lifetime`), in no scope of the caller's.
    """
    if on_asyncio():
        async with unwrapping_task_group() as group:
            yield group
        return
    scope = anyio.CancelScope(shield=True)

    async def last(*, task_status: TaskStatus[TaskGroup]) -> None:
        with scope:
            async with unwrapping_task_group() as group:
                task_status.started(group)
                await anyio.sleep_forever()

    async with unwrapping_task_group() as host:
        try:
            yield await host.start(last, name="the tasks of a Space")
        finally:
            scope.cancel()
