"""A daemon thread with an event loop, and work in it that other threads wait for."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, ParamSpec, TypeVar
from weakref import ref

import anyio

from spacecall._client.concurrency.lifetime import Lifetime

T = TypeVar("T")
P = ParamSpec("P")

SLACK_SECONDS: Final = 5.0
"""Seconds for what takes no time unless the machine is overloaded."""


class LoopEndedError(RuntimeError):
    """The loop ended before the work was done: what it was for is closed."""

    def __init__(
        self, message: str = "it was closed while this was under way: open it again"
    ) -> None:
        super().__init__(message)


class ProcessExit:
    """The end of the process: which thread closes what is open, and whether it has done so."""

    thread: int | None = None
    over = False


def park_thread_at_exit() -> None:
    """At the end of the process, stop this daemon thread before it sees what was closed there.

    The interpreter would do so in a moment. In the thread that ends the process, raise
    RuntimeError once the loop can be used no more.
    """
    if ProcessExit.thread is None:
        return
    if threading.get_ident() != ProcessExit.thread:
        threading.Event().wait()
    if ProcessExit.over:
        raise RuntimeError("the interpreter is ending: nothing can be called any more")


@dataclass(frozen=True, slots=True)
class Lease:
    """What is open in the loop.

    Attributes:
        cancel: seconds that closing may take where a server does not answer, see `Timeouts`.
    """

    lifetime: ref[Lifetime[Any]]
    label: str
    cancel: float


class LoopTask(Generic[T]):
    """Work in the loop, which a thread waits for."""

    def __init__(self, thread: LoopThread, work: Callable[[], Awaitable[T]]) -> None:
        self._thread = thread
        self._scope: anyio.CancelScope | None = None
        self._cancelled = False
        self._work = work
        self.future: Future[T] = Future()
        thread.schedule(self.future, self._start)

    def _start(self) -> None:
        self._thread.spawn(self._run())

    def _cancel(self) -> None:
        self._cancelled = True
        if self._scope is not None:
            self._scope.cancel()

    async def _run(self) -> None:
        future = self.future
        try:
            with anyio.CancelScope() as self._scope:
                if self._cancelled:
                    self._scope.cancel()
                future.set_result(await self._work())
                return
            future.set_exception(RuntimeError("interrupted"))  # its thread has its own interrupt
        except asyncio.CancelledError:
            future.set_exception(LoopEndedError())
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            future.set_exception(error)

    def wait(self) -> T:
        """Wait for the result. An interrupt of this thread cancels the work and lets it end."""
        try:
            value = self.future.result()
        except BaseException:
            self.cancel()
            park_thread_at_exit()
            raise
        park_thread_at_exit()
        return value

    def cancel(self) -> None:
        """Cancel the work, unless it is done, and wait until it has ended."""
        if not self.future.done():
            with suppress(RuntimeError):  # the loop has ended, and the future with it
                self._thread.call_soon(self._cancel)
            self.future.exception()


class LoopThread:
    """A daemon thread with an event loop, which ends when its last lease is released.

    Args:
        opening: held while somebody is about to take a lease.

    Attributes:
        leases: what is open.
        ending: whether it takes no more leases.
    """

    def __init__(self, opening: threading.RLock) -> None:
        self.process = os.getpid()
        self.leases: dict[object, Lease] = {}
        self.ending = False
        self._opening = opening
        self._futures: set[Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name="spacecall", daemon=True)
        self._thread.start()
        self._loop, self._end = self._started.result()

    @property
    def is_current(self) -> bool:
        """Whether this code runs in it, where waiting for it would never end."""
        return threading.current_thread() is self._thread

    @property
    def is_alive(self) -> bool:
        """Whether it can be waited for: it runs, in this process."""
        return self.process == os.getpid() and self._thread.is_alive()

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call `function` in the loop. Raises RuntimeError if the loop is closed."""
        self._loop.call_soon_threadsafe(function, context=_context())

    def schedule(self, future: Future[Any], start: Callable[[], None]) -> None:
        """Call `start`, which sees to it that `future` is done; if the loop ends, so is that."""
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        try:
            self.call_soon(start)
        except RuntimeError:
            self._futures.discard(future)
            raise LoopEndedError from None

    def spawn(self, work: Any) -> None:
        """Run a coroutine in the loop."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def release(self, token: object) -> None:
        """Give a lease back, in the loop; twice does nothing."""
        self.leases.pop(token, None)
        self._end_if_idle()

    def release_soon(self, token: object) -> None:
        """`release` from another thread."""
        with suppress(RuntimeError):
            self.call_soon(partial(self.release, token))

    def join(self) -> None:
        """Wait for its end for a while, if that has begun."""
        if self.ending and not self.is_current:
            self.join_for(SLACK_SECONDS)

    def join_for(self, seconds: float) -> None:
        """Wait for its end for so long."""
        self._thread.join(seconds)

    def _end_if_idle(self) -> None:
        if self.leases or self.ending:
            return
        if not self._opening.acquire(blocking=False):
            self._loop.call_later(0.01, self._end_if_idle)
            return
        try:
            if not self.leases:
                self.ending = True
                self._end.set()
        finally:
            self._opening.release()

    def _run(self) -> None:
        try:
            _run_loop(self._main)
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
        finally:
            self.ending = True
            for future in list(self._futures):
                future.set_exception(LoopEndedError())

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_DaemonThreads())
        end = asyncio.Event()
        self._started.set_result((loop, end))
        await end.wait()


def _context() -> Context:
    """Return the caller's context variables, in which this loop is asyncio's.

    Of code that runs in trio, sniffio's variable says otherwise, and anyio believes it.
    """
    context = copy_context()
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, "asyncio")
    return context


def _run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """`asyncio.run`, without the thread that it starts at last: at exit there is none to be had."""
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main())
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(tasks))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _DaemonThreads(ThreadPoolExecutor):
    """Looks up names for a loop, in threads that nothing waits for.

    Those of a usual pool are joined when the main thread ends, and take no work after that.
    """

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:  # the base class has other names for the same
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - for whoever waits
                    future.set_exception(error)

        try:
            threading.Thread(target=run, daemon=True).start()
        except RuntimeError:  # Python 3.12.0 starts none once the main thread has ended
            run()
        return future
