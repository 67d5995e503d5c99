"""An event loop in a daemon thread, and tasks in it that other threads wait for."""

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
"""Seconds to wait for a step that takes no time unless the machine is overloaded."""


class LoopEndedError(RuntimeError):
    """The loop ended before a task in it was done."""

    def __init__(
        self, message: str = "it was closed while this was under way: open it again"
    ) -> None:
        super().__init__(message)


class ProcessExit:
    """The end of the process: the thread that closes what is open, and whether it is done."""

    thread: int | None = None
    finished = False


def park_thread_at_exit() -> None:
    """Block a daemon thread at the end of the process, so that it does not see closed objects.

    The interpreter ends such threads a moment later. In the thread that ends the process, raise
    RuntimeError when the loop cannot be used any more.
    """
    if ProcessExit.thread is None:
        return
    if threading.get_ident() != ProcessExit.thread:
        threading.Event().wait()
    if ProcessExit.finished:
        raise RuntimeError("the interpreter is ending: nothing can be called any more")


@dataclass(frozen=True, slots=True)
class Lease:
    """Keeps the loop's thread running for something that is open in the loop.

    Attributes:
        lifetime: of what is open.
        label: its name in warnings.
        cancel: seconds that closing may take if a server does not answer, see `Timeouts`.
    """

    lifetime: ref[Lifetime[Any]]
    label: str
    cancel: float


class LoopTask(Generic[T]):
    """A task in the loop, which a thread waits for."""

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
            future.set_exception(
                RuntimeError("interrupted")
            )  # the waiting thread raises its KeyboardInterrupt
        except asyncio.CancelledError:
            future.set_exception(LoopEndedError())
        except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
            future.set_exception(error)

    def wait(self) -> T:
        """Wait for the result; if this thread is interrupted, cancel the task and wait for it."""
        try:
            value = self.future.result()
        except BaseException:
            self.cancel()
            park_thread_at_exit()
            raise
        park_thread_at_exit()
        return value

    def as_future(self) -> Future[T]:
        """Return a future of the result, whose `cancel` cancels the task."""
        future: Future[T] = Future()

        def finish(ended: Future[T]) -> None:
            if not future.set_running_or_notify_cancel():
                return
            error = ended.exception()
            if error is None:
                future.set_result(ended.result())
            else:
                future.set_exception(error)

        def cancel(ended: Future[T]) -> None:
            if ended.cancelled():
                self._cancel_soon()

        future.add_done_callback(cancel)
        self.future.add_done_callback(finish)
        return future

    def cancel(self) -> None:
        """Cancel the task if it is not done, and wait until it has ended."""
        if not self.future.done():
            self._cancel_soon()
            self.future.exception()

    def _cancel_soon(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the future with it
            self._thread.call_soon(self._cancel)


class LoopThread:
    """A daemon thread with an event loop; it ends when its last lease is released.

    Args:
        opening: a lock that is held while a lease is added.

    Attributes:
        leases: of everything that is open in the loop.
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
        """Whether the current thread is this one, in which waiting for the loop would deadlock."""
        return threading.current_thread() is self._thread

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs in this process."""
        return self.process == os.getpid() and self._thread.is_alive()

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call `function` in the loop. Raises RuntimeError if the loop is closed."""
        self._loop.call_soon_threadsafe(function, context=_context())

    def schedule(self, future: Future[Any], start: Callable[[], None]) -> None:
        """Call `start` in the loop, which has to complete `future`. If the loop ends, it fails.

        Raises:
            LoopEndedError: the loop has ended.
        """
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
        """Release a lease, in the loop. Releasing twice does nothing."""
        self.leases.pop(token, None)
        self._end_if_idle()

    def release_soon(self, token: object) -> None:
        """Release a lease, from another thread."""
        with suppress(RuntimeError):
            self.call_soon(partial(self.release, token))

    def join(self) -> None:
        """Wait up to `SLACK_SECONDS` for the end of the thread, if it is ending."""
        if self.ending and not self.is_current:
            self.join_for(SLACK_SECONDS)

    def join_for(self, seconds: float) -> None:
        """Wait up to `seconds` for the end of the thread."""
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
    """Return a copy of the caller's context variables, with asyncio as the async library.

    If the caller runs in trio, sniffio's variable says trio, which anyio would use.
    """
    context = copy_context()
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, "asyncio")
    return context


def _run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` like `asyncio.run`, without starting a thread, which is impossible at exit."""
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
    """Runs the blocking calls of the loop (name lookups) in daemon threads.

    The threads of a normal pool are joined when the main thread ends, and take no work after that.
    """

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:  # the parameters of the base class have other names
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
                    future.set_exception(error)

        try:
            threading.Thread(target=run, daemon=True).start()
        except RuntimeError:  # Python 3.12.0 starts no thread after the main thread has ended
            run()
        return future
