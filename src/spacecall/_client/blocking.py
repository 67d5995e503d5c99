"""Async work run for threads, over one event loop that they share.

The loop runs in a daemon thread while something is open in it. Nothing waits for that thread
without a bound, so that neither the garbage collector nor the end of the process can hang.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, ParamSpec, Self, TypeVar
from weakref import ref

import anyio

from spacecall._client.lifetime import Lifetime
from spacecall.options import Timeouts

T = TypeVar("T")
P = ParamSpec("P")

_CANCEL: Final = Timeouts().cancel
_SLACK: Final = 5.0
"""Seconds for what takes no time unless the machine is overloaded."""


class Task(Generic[T]):
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
            future.set_exception(RuntimeError("closed while this was under way"))
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            future.set_exception(error)

    def wait(self) -> T:
        """Wait for the result. An interrupt of this thread cancels the work and lets it end."""
        try:
            value = self.future.result()
        except BaseException:
            self.cancel()
            _stop_here_at_exit()
            raise
        _stop_here_at_exit()
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
        self._loop.call_soon_threadsafe(function)

    def schedule(self, future: Future[Any], start: Callable[[], None]) -> None:
        """Call `start`, which sees to it that `future` is done; if the loop ends, so is that."""
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        try:
            self.call_soon(start)
        except RuntimeError:
            self._futures.discard(future)
            raise RuntimeError("it is closed: open it again") from None

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
            self.join_for(_SLACK)

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
            asyncio.run(self._main())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
        finally:
            self.ending = True
            for future in list(self._futures):
                future.set_exception(RuntimeError("closed while this was under way"))

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_DaemonThreads())
        end = asyncio.Event()
        self._started.set_result((loop, end))
        await end.wait()


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

        threading.Thread(target=run, daemon=True).start()
        return future


@dataclass(frozen=True, slots=True)
class Lease:
    """What is open in the loop.

    Attributes:
        cancel: seconds that closing may take where a server does not answer, see `Timeouts`.
    """

    lifetime: ref[Lifetime[Any]]
    label: str
    cancel: float


@dataclass(slots=True)
class _Process:
    """The loop of a process; one that was forked begins without."""

    opening: threading.RLock = field(default_factory=threading.RLock)
    thread: LoopThread | None = None


class _Exit:
    """The end of the process: which thread closes what is open, and whether it has done so."""

    thread: int | None = None
    over = False


_PROCESSES: Final[dict[int, _Process]] = {}


class Portal:
    """Something that is held open in the loop, for use in threads; `hold` opens it.

    It is closed by `close`, or when nobody refers to its portal any more.
    """

    def __init__(self, thread: LoopThread, lifetime: Lifetime[Any], lease: Lease) -> None:
        self._thread = thread
        self._lifetime = lifetime
        self._lease = lease

    @property
    def closed(self) -> bool:
        """Whether it was closed, or has ended."""
        return not (self._thread.is_alive and self._lifetime.is_open)

    def check(self) -> None:
        """Raise RuntimeError if it cannot be waited for: closed, or left behind by a fork."""
        if self._thread.process != os.getpid():
            raise RuntimeError("opened before this process was forked: open another Space here")
        _stop_here_at_exit()
        if self.closed:
            raise RuntimeError(f"{self._lease.label} is closed: open it again")
        if self._thread.is_current:
            raise RuntimeError("this cannot be called in the event loop's own thread")

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` in the loop and wait for its result."""
        self.check()
        return Task(self._thread, work).wait()

    def call(self, function: Callable[[], T]) -> T:
        """Call `function` in the loop."""

        async def work() -> T:
            return function()

        return self.wait(work)

    def close(self) -> None:
        """Close it, and wait for that; twice does nothing. Any thread may call it.

        In the loop's own thread, where the garbage collector may run, and at the end of the
        process nothing is waited for.
        """
        thread = self._thread
        if not thread.is_alive:
            return
        if thread.is_current or _Exit.thread is not None:
            self._lifetime.close_soon()
            return
        try:
            closing = Task(thread, self._lifetime.close)
        except RuntimeError:  # it has just ended
            return
        try:
            closing.future.result(3 * self._lease.cancel + _SLACK)
        except TimeoutError:
            warnings.warn(
                f"{self._lease.label} is still closing, in the background",
                ResourceWarning,
                stacklevel=3,
            )
        thread.join()


def hold(
    manager: AbstractAsyncContextManager[T], label: str, *, cancel: float = _CANCEL
) -> tuple[Portal, T]:
    """Enter `manager` in the loop.

    Args:
        manager: for one use.
        label: its name in errors and warnings.
        cancel: see `Lease`.

    Raises:
        RuntimeError: this is the thread of the loop.
    """
    token = object()
    lifetime = Lifetime(manager, label)
    lease = Lease(ref(lifetime), label, cancel)
    thread = _take_lease(token, lease)
    lifetime.when_ended(partial(thread.release, token))
    try:
        value = Task(thread, lifetime.open).wait()
    except BaseException:
        thread.release_soon(token)
        thread.join()
        raise
    return Portal(thread, lifetime, lease), value


def wait(portal: Portal, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in the loop and wait for its result."""
    return portal.wait(work)


def _take_lease(token: object, lease: Lease) -> LoopThread:
    process = _PROCESSES.get(os.getpid())
    if process is None:
        process = _PROCESSES.setdefault(os.getpid(), _Process())
        atexit.register(_close_at_exit)
    with process.opening:
        thread = process.thread
        if thread is not None and thread.is_current:
            raise RuntimeError("this cannot be called in the event loop's own thread")
        if thread is None or thread.ending:
            thread = process.thread = LoopThread(process.opening)
        thread.leases[token] = lease
    return thread


def _close_at_exit() -> None:
    """Close what is open at the end of the process, as far as that goes within bounds.

    Threads that may hinder the end have ended by now: those that wait here are daemons.
    """
    process = _PROCESSES.get(os.getpid())
    thread = process.thread if process else None
    if thread is None or not thread.is_alive:
        return
    _Exit.thread = threading.get_ident()
    leases = list(thread.leases.values())
    for lease in leases:
        lifetime = lease.lifetime()
        if lifetime is not None:
            lifetime.close_soon()
    seconds = max((lease.cancel for lease in leases), default=0.0) + 1.0
    with suppress(KeyboardInterrupt):
        thread.join_for(seconds)
    _Exit.over = True
    for lease in leases:
        warnings.warn(f"{lease.label} was not closed", ResourceWarning, stacklevel=2)


def _stop_here_at_exit() -> None:
    """At the end of the process, stop this daemon thread before it sees what was closed there.

    The interpreter would do so in a moment. In the thread that ends the process, raise
    RuntimeError once the loop can be used no more.
    """
    if _Exit.thread is None:
        return
    if threading.get_ident() != _Exit.thread:
        threading.Event().wait()
    if _Exit.over:
        raise RuntimeError("the interpreter is ending: nothing can be called any more")


class SyncConnecting(Generic[T]):
    """What `connect` returns: enter it with `with`, or `open` it and `close` the client.

    Args:
        connect: gives the client, and what closes it.
    """

    def __init__(self, connect: Callable[[], tuple[T, Callable[[], None]]]) -> None:
        self._connect = connect
        self._close: Callable[[], None] | None = None

    def open(self) -> T:
        """Connect. The client's `close` closes it, in any thread."""
        client, _ = self._connect()
        return client

    def __enter__(self) -> T:
        client, self._close = self._connect()
        return client

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close, self._close = self._close, None
        if close is not None:
            close()


class SyncClosable:
    """Closes what it was opened with; nothing if that is the caller's own."""

    _close: Callable[[], None] | None = None

    def close(self) -> None:
        """Close what `connect` opened, in any thread; twice does nothing.

        A Space that the caller gave stays open.
        """
        if self._close is not None:
            self._close()


class SyncOpenable(ABC):
    """Entered by `with`; or opened by `open`, and closed by `close`."""

    _held: Portal | None = None

    @abstractmethod
    def _hold(self) -> Portal:
        """Open it in the loop."""

    @property
    def _portal(self) -> Portal:
        if self._held is None:
            raise RuntimeError(f"open it first: with {type(self).__name__}(…)")
        return self._held

    def open(self) -> Self:
        """Open it until `close`, which any thread may call.

        Raises:
            RuntimeError: it is open already.
        """
        if self._held is not None and not self._held.closed:
            raise RuntimeError(f"{self!r} is open already: close it first, or use another one")
        self._held = self._hold()
        return self

    def close(self) -> None:
        """Close it, and end what still runs, here and on the server. Closing twice does nothing."""
        if self._held is not None:
            self._held.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
