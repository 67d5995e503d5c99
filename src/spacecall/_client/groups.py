"""Task groups whose body's error comes out as it was raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus


@asynccontextmanager
async def task_group() -> AsyncGenerator[TaskGroup, None]:
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
async def lasting_group() -> AsyncGenerator[TaskGroup, None]:
    """A `task_group` whose tasks go on while its body, which was cancelled, still cleans up."""
    scope = anyio.CancelScope(shield=True)

    async def last(*, task_status: TaskStatus[TaskGroup]) -> None:
        with scope:
            async with task_group() as group:
                task_status.started(group)
                await anyio.sleep_forever()

    async with task_group() as host:
        try:
            yield await host.start(last, name="the tasks of a Space")
        finally:
            scope.cancel()
