"""Async work run for threads, over one event loop that they share."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio
from anyio.from_thread import BlockingPortal, BlockingPortalProvider

T = TypeVar("T")


_PROVIDERS: dict[int, BlockingPortalProvider] = {}
_PROCESSES: WeakKeyDictionary[BlockingPortal, int] = WeakKeyDictionary()


@contextmanager
def loop() -> Generator[BlockingPortal]:
    """The loop that this process shares: its thread runs while somebody is inside.

    A process that was forked begins with a loop of its own: of its parent's it has no thread.
    """
    process = os.getpid()
    provider = _PROVIDERS.setdefault(process, BlockingPortalProvider())
    portal = provider.__enter__()
    _PROCESSES[portal] = process
    try:
        yield portal
    finally:
        if process == os.getpid():
            provider.__exit__(None, None, None)


def _runs(portal: BlockingPortal) -> bool:
    return _PROCESSES.get(portal) == os.getpid()


def checked(portal: BlockingPortal) -> BlockingPortal:
    """`portal`, if it can be waited for.

    Raises:
        RuntimeError: it was left behind by a fork: waiting for it would never end.
    """
    if not _runs(portal):
        raise RuntimeError("opened before this process was forked: open another Space here")
    return portal


class Task(Generic[T]):
    """Work in the loop."""

    def __init__(self, portal: BlockingPortal, work: Callable[[], Awaitable[T]]) -> None:
        self._portal = checked(portal)
        self._started: Future[anyio.CancelScope] = Future()
        self._future = portal.start_task_soon(self._cancellable, work)

    async def _cancellable(self, work: Callable[[], Awaitable[T]]) -> T:
        with anyio.CancelScope() as scope:
            self._started.set_result(scope)
            return await work()
        raise RuntimeError("interrupted")  # nobody reads it: the thread raises its own interrupt

    def wait(self) -> T:
        """Wait for the result. An interrupt of this thread cancels the work and lets it end."""
        try:
            return self._future.result()
        except BaseException:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Cancel the work, unless it is done, and wait until it has ended."""
        if not self._future.done():
            self._portal.call(self._started.result().cancel)
            self._future.exception()


def wait(portal: BlockingPortal, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in the loop and wait for its result."""
    return Task(portal, work).wait()


@contextmanager
def held(portal: BlockingPortal, manager: AbstractAsyncContextManager[T]) -> Generator[T]:
    """An async context manager held open in the loop, where one task enters and leaves it."""
    entered: list[T] = []
    ready, leave = portal.call(anyio.Event), portal.call(anyio.Event)

    async def hold() -> None:
        try:
            async with manager as value:
                entered.append(value)
                ready.set()
                await leave.wait()
        finally:
            ready.set()

    task = Task(portal, hold)
    try:
        wait(portal, ready.wait)
    except BaseException:
        task.cancel()
        raise
    try:
        if entered:
            yield entered[0]
    finally:
        if _runs(portal):
            portal.call(leave.set)
            task.wait()
