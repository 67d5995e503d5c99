"""Task groups that raise a single error as it is, not in an ExceptionGroup."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVarTuple, Unpack

import anyio
from anyio.abc import TaskGroup

from spacecall._client.concurrency.lifetime import on_asyncio

Args = TypeVarTuple("Args")


class BackgroundTasks:
    """Starts tasks in a group, and remembers the error that ended the group.

    trio raises KeyboardInterrupt in the task that runs just then. A task of the group could lose
    the job that it submits, and nothing would cancel it. So the main task gets the interrupt, as on
    asyncio.

    Attributes:
        failure: that error; None if no task has failed.
    """

    def __init__(self, group: TaskGroup) -> None:
        self.failure: Exception | None = None
        self._group = group
        if not on_asyncio() and (trio := sys.modules.get("trio")) is not None:
            trio.lowlevel.enable_ki_protection(BackgroundTasks._run)

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
    """Open a task group; leaving it cancels its tasks.

    Raises:
        BaseException: the error of the body or of a task, as it was raised; an exception group only
            if there are several.
    """
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            finally:
                group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        if len(errors.exceptions) != 1:
            raise
        (error,) = errors.exceptions
        raise error from error.__cause__


@asynccontextmanager
async def shielded_task_group() -> AsyncGenerator[TaskGroup, None]:
    """Open an `unwrapping_task_group` whose tasks outlive the cancellation of its body.

    On asyncio this is the case anyway: the body runs in a task of its own, see `Lifetime`.
    """
    if on_asyncio():
        async with unwrapping_task_group() as group:
            yield group
        return
    scope, opened = anyio.CancelScope(shield=True), anyio.Event()
    groups: list[TaskGroup] = []

    async def run_group() -> None:
        with scope:
            async with unwrapping_task_group() as group:
                groups.append(group)
                opened.set()
                await anyio.sleep_forever()

    async with unwrapping_task_group() as host:
        # Not `host.start`: if it is cancelled, it waits for the task, which the shield keeps.
        host.start_soon(run_group, name="the tasks of a Space")
        try:
            await opened.wait()
            yield groups[0]
        finally:
            scope.cancel()
