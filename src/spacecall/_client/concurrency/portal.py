"""Run async code for the sync API: all threads share one event loop in a daemon thread.

The loop runs while something is open in it. Every wait for its thread has a timeout, so that
neither the garbage collector nor the end of the process can hang.
"""

from __future__ import annotations

import atexit
import os
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar
from weakref import ref

from spacecall._client.concurrency.lifetime import Lifetime, unopened_error
from spacecall._client.concurrency.loop_thread import (
    SLACK_SECONDS,
    Lease,
    LoopEndedError,
    LoopTask,
    LoopThread,
    ProcessExit,
    park_thread_at_exit,
)
from spacecall.options import Timeouts

T = TypeVar("T")
C = TypeVar("C", bound="SyncClosable")

_CANCEL_TIMEOUT: Final = Timeouts().cancel


@dataclass(slots=True)
class _SharedLoop:
    """The shared loop of a process; a forked process starts without one."""

    opening: threading.RLock = field(default_factory=threading.RLock)
    thread: LoopThread | None = None


_SHARED_LOOPS: Final[dict[int, _SharedLoop]] = {}


class Portal:
    """Runs async code in the shared loop, for something that `hold_open` opened there.

    That is closed by `close`, or when nothing refers to the portal any more.
    """

    def __init__(self, thread: LoopThread, lifetime: Lifetime[Any], lease: Lease) -> None:
        self._thread = thread
        self._lifetime = lifetime
        self._lease = lease

    @property
    def closed(self) -> bool:
        """Whether it was closed, or has ended by itself."""
        return not (self._thread.is_alive and self._lifetime.is_open)

    def check(self) -> None:
        """Raise RuntimeError as `check_open`, or if waiting would deadlock."""
        self.check_open()
        if self._thread.is_current:
            raise RuntimeError("this cannot be called in the event loop's own thread")

    def check_open(self) -> None:
        """Raise RuntimeError if it is closed, or belongs to a parent process."""
        if self._thread.process != os.getpid():
            raise RuntimeError(
                "opened before this process was forked: open another one in this process"
            )
        park_thread_at_exit()
        if self.closed:
            raise RuntimeError(f"{self._lease.label} is closed: open it again")

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` in the loop and wait for its result."""
        self.check()
        return LoopTask(self._thread, work).wait()

    def submit(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Run `work` in the loop; cancelling the future cancels it there."""
        self.check_open()
        return LoopTask(self._thread, work).as_future()

    def call(self, function: Callable[[], T]) -> T:
        """Call `function` in the loop."""

        async def work() -> T:
            return function()

        return self.wait(work)

    def close(self) -> None:
        """Close it and wait until that is done. Any thread may call this, more than once.

        Do not wait in the loop's own thread, where the garbage collector may run, and at the end of
        the process.
        """
        thread = self._thread
        if not thread.is_alive:
            return
        if thread.is_current or ProcessExit.thread is not None:
            self._lifetime.close_soon()
            return
        try:
            closing = LoopTask(thread, self._lifetime.close)
            closing.future.result(3 * self._lease.cancel + SLACK_SECONDS)
        except LoopEndedError:  # another thread has closed it
            pass
        except TimeoutError:
            warnings.warn(
                f"{self._lease.label} is still closing, in the background",
                ResourceWarning,
                stacklevel=3,
            )
        thread.join()


def hold_open(
    manager: AbstractAsyncContextManager[T], label: str, *, cancel: float = _CANCEL_TIMEOUT
) -> tuple[Portal, T]:
    """Enter `manager` in the shared loop.

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
    thread = _acquire_thread(token, lease)
    lifetime.set_end_callback(partial(thread.release, token))
    try:
        value = LoopTask(thread, lifetime.open).wait()
    except BaseException:
        thread.release_soon(token)
        thread.join()
        raise
    return Portal(thread, lifetime, lease), value


def wait(portal: Portal, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in the loop and wait for its result."""
    return portal.wait(work)


def _acquire_thread(token: object, lease: Lease) -> LoopThread:
    shared = _SHARED_LOOPS.get(os.getpid())
    if shared is None:
        shared = _SHARED_LOOPS.setdefault(os.getpid(), _SharedLoop())
        atexit.register(_close_at_exit)
    with shared.opening:
        thread = shared.thread
        if thread is not None and thread.is_current:
            raise RuntimeError("this cannot be called in the event loop's own thread")
        if thread is None or thread.ending:
            thread = shared.thread = LoopThread(shared.opening)
        thread.leases[token] = lease
    return thread


def _close_at_exit() -> None:
    """Close what is open at the end of the process, within a timeout.

    All threads but daemons have ended by now.
    """
    shared = _SHARED_LOOPS.get(os.getpid())
    thread = shared.thread if shared else None
    if thread is None or not thread.is_alive:
        return
    ProcessExit.thread = threading.get_ident()
    leases = list(thread.leases.values())
    for lease in leases:
        lifetime = lease.lifetime()
        if lifetime is not None:
            lifetime.close_soon()
    seconds = max((lease.cancel for lease in leases), default=0.0) + 1.0
    with suppress(KeyboardInterrupt):
        thread.join_for(seconds)
    ProcessExit.finished = True
    for lease in leases:
        warnings.warn(f"{lease.label} was not closed", ResourceWarning, stacklevel=2)


class SyncClosable:
    """A client that closes what its `connect` opened, and not a Space that the caller opened."""

    _close: Callable[[], None] | None = None

    def close(self) -> None:
        """Close what `connect` opened, in any thread. Closing twice does nothing.

        A Space that you passed in stays open.
        """
        if self._close is not None:
            self._close()


class SyncConnecting(Generic[C]):
    """A client that is not connected yet: use `with`, or `open` it and `close` the client.

    The `connect` of a client returns it.
    """

    def __init__(self, connect: Callable[[], tuple[C, Callable[[], None]]]) -> None:
        self._connect = connect
        self._client: C | None = None

    def open(self) -> C:
        """Connect and return the client, whose `close` closes the connection, in any thread."""
        client, close = self._connect()
        client._close = close  # pyright: ignore[reportPrivateUsage]
        return client

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unopened_error(self, name, "`with … as client`, or `….open()`")

    def __enter__(self) -> C:
        self._client = self.open()
        return self._client

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def connect_twin(
    create: Callable[[Portal, T], C], opening: AbstractAsyncContextManager[T], label: str
) -> SyncConnecting[C]:
    """Return the sync twin, which `create` makes, of what `opening` opens.

    Args:
        create: makes the twin.
        opening: for one use.
        label: see `hold_open`.
    """

    def connect() -> tuple[C, Callable[[], None]]:
        portal, opened = hold_open(opening, label)
        return create(portal, opened), portal.close

    return SyncConnecting(connect)


class SyncOpenable(ABC):
    """An object that `with` enters, or `open` and `close` open and close."""

    _held_portal: Portal | None = None

    @abstractmethod
    def _hold_open(self) -> Portal:
        """Open it in the shared loop."""

    @property
    def _portal(self) -> Portal:
        if self._held_portal is None:
            raise RuntimeError(f"open it first: with {type(self).__name__}(…)")
        return self._held_portal

    def open(self) -> Self:
        """Open it until `close`, which any thread may call.

        Raises:
            RuntimeError: it is open already.
        """
        if self._held_portal is not None and not self._held_portal.closed:
            raise RuntimeError(f"{self!r} is open already: close it first, or use another one")
        self._held_portal = self._hold_open()
        return self

    def close(self) -> None:
        """Close it, and cancel the jobs that still run. Closing twice does nothing."""
        if self._held_portal is not None:
            self._held_portal.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
