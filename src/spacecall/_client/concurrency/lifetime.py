"""How long something stays open, whichever task opened it.

Everything that can be entered can be opened instead: `open()` enters it, `aclose()` leaves it.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from weakref import WeakKeyDictionary, finalize

import anyio

from spacecall._io.event_loops import EventLoopGuard

T = TypeVar("T")
C = TypeVar("C")

# asyncio keeps weak references only.
_OWNERS: Final[set[asyncio.Task[None]]] = set()
# On trio: what each task has opened and not closed, in order.
_OPENED: Final[WeakKeyDictionary[Any, list[Lifetime[Any]]]] = WeakKeyDictionary()


def on_asyncio() -> bool:
    """Whether this is a task of asyncio, which lets a task live as long as it likes."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


class _Owner(Generic[T]):
    """The asyncio task that enters a context manager, keeps it open and leaves it.

    It does not refer to its `Lifetime`: nobody needs that any more once it is garbage.

    Attributes:
        closing: whether somebody has closed it, or never got it.
        failure: what ended it from inside, until somebody is told.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T], label: str) -> None:
        self.label = label
        self.process = os.getpid()
        self.loop = asyncio.get_running_loop()
        self.closing = False
        self.failure: BaseException | None = None
        self.on_end: list[Callable[[], object]] = []
        self._ready = asyncio.Event()
        self._leave = asyncio.Event()
        self._ended = asyncio.Event()
        self._values: list[T] = []
        self.task = self.loop.create_task(self._live(manager), name=f"owner of {label}")
        # A loop that is closed with tasks in it has said so already.
        self.task._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        _OWNERS.add(self.task)
        self.task.add_done_callback(self._end)

    async def _live(self, manager: AbstractAsyncContextManager[T]) -> None:
        self._values.append(await manager.__aenter__())
        self._ready.set()
        # No `async with`: of a loop that was dropped, nothing can be awaited any more.
        try:
            await self._leave.wait()
        except asyncio.CancelledError as cancelled:  # a task inside failed, or the loop ends
            with suppress(asyncio.CancelledError):
                await manager.__aexit__(type(cancelled), cancelled, cancelled.__traceback__)
        else:
            await manager.__aexit__(None, None, None)

    def _end(self, task: asyncio.Task[None]) -> None:
        _OWNERS.discard(task)
        if not task.cancelled():
            self.failure = task.exception()
        self._ready.set()
        self._ended.set()
        for callback in self.on_end:
            callback()
        if self.failure is None:
            self.warn_if_left_open()

    def warn_if_left_open(self) -> None:
        """Warn, once, if nobody has closed it."""
        if self.closing:
            return
        self.closing = True
        failure = f"; it failed: {type(self.failure).__name__}" if self.failure else ""
        warnings.warn(
            f"{self.label} was not closed: use it in a with block, or close it{failure}",
            ResourceWarning,
            stacklevel=3,
        )

    @property
    def over(self) -> bool:
        """Whether it has ended, or never will: its loop is closed."""
        return self.task.done() or self.loop.is_closed()

    async def opened(self) -> T:
        """Wait until it is open. Cancelled, it is closed."""
        try:
            await self._ready.wait()
            if self._values:
                return self._values.pop()
        except BaseException:
            self._leave.set()
            if not self.task.cancelling():
                self.task.cancel()
            await self.left()
            raise
        self.closing = True
        self.raise_failure(None)
        raise RuntimeError(f"{self.label} was cancelled while it was opened")

    async def left(self) -> None:
        """Have it left, and wait for that. Cancelled, it is left all the same."""
        self.closing = True
        self._leave.set()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()

    def leave_soon(self) -> None:
        """Have it left; for any thread, and for the garbage collector."""
        if self.process != os.getpid():
            return
        with suppress(RuntimeError):  # its loop is closed
            self.loop.call_soon_threadsafe(self._leave.set)
        if self.over:
            _OWNERS.discard(self.task)

    def raise_failure(self, error: BaseException | None) -> None:
        """Raise what ended it from inside, once; not if `error` in its block comes from that."""
        failure, self.failure = self.failure, None
        try:
            if failure is not None and (error is None or error.__cause__ is not failure):
                raise failure
        finally:
            del failure  # its traceback refers to this frame


def _dropped(owner: _Owner[Any]) -> None:
    owner.leave_soon()
    if owner.process == os.getpid():
        owner.warn_if_left_open()


class Lifetime(Generic[T]):
    """An async context manager that stays open until somebody closes it, or nobody needs it.

    On asyncio a task of its own enters and leaves it, so that any task may open and close it. When
    the loop ends, or the last reference has gone, it is left without anybody's help. On trio, where
    tasks end in the order of their blocks, the task that opened it must close it.

    Args:
        manager: for one use.
        label: its name in warnings.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T], label: str) -> None:
        self._manager: AbstractAsyncContextManager[T] | None = manager
        self._label = label
        self._owner: _Owner[T] | None = None
        self._task: Any = None
        self._home: EventLoopGuard | None = None
        self._on_end: Callable[[], object] | None = None
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether it is being opened, or is open."""
        return self._open and (self._owner is None or not self._owner.over)

    def when_ended(self, callback: Callable[[], object]) -> None:
        """Call `callback` in the event loop when it has been left; for before it is opened."""
        self._on_end = callback

    async def open(self) -> T:
        """Enter it. Raises what that raises; cancelled, it is left."""
        manager, self._manager = self._manager, None
        assert manager is not None
        self._home = EventLoopGuard()
        self._open = True
        try:
            return await (self._open_in_owner if on_asyncio() else self._open_here)(manager)
        except BaseException:
            self._open = False
            raise

    async def _open_in_owner(self, manager: AbstractAsyncContextManager[T]) -> T:
        owner = self._owner = _Owner(manager, self._label)
        if self._on_end is not None:
            owner.on_end.append(self._on_end)
        finalize(self, _dropped, owner).atexit = False
        return await owner.opened()

    async def _open_here(self, manager: AbstractAsyncContextManager[T]) -> T:
        value = await manager.__aenter__()
        self._manager = manager
        self._task = anyio.get_current_task().coro
        _OPENED.setdefault(self._task, []).append(self)
        return value

    async def close(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> bool | None:
        """Leave it, unless that has been done. Arguments and result are those of `__aexit__`.

        Raises:
            RuntimeError: this is another event loop; or, on trio, another task.
            Exception: what ended it from inside, if nobody was told yet.
        """
        owner = self._owner
        if owner is None:
            return await self._close_here(kind, error, trace)
        if owner.over:
            owner.closing = True
            owner.leave_soon()
        else:
            assert self._home is not None
            self._home.check()
            self._open = False
            await owner.left()
        self._open = False
        owner.raise_failure(error)
        return None

    def close_soon(self) -> None:
        """Have it left, from any thread, without waiting."""
        if self._owner is not None:
            self._open = False
            self._owner.closing = True
            self._owner.leave_soon()

    async def _close_here(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        if self._manager is None or self._home is None:
            return None
        self._home.check()
        opened = _OPENED.get(self._task, [])
        if anyio.get_current_task().coro is not self._task:
            raise RuntimeError(
                f"{self._label} was opened by another task: on trio the task that opens it must "
                "close it; use `async with`, or open it in a task that lives as long as it"
            )
        if opened[-1:] != [self]:
            raise RuntimeError(
                f"{self._label} was not opened last: on trio, close in the reverse order of opening"
            )
        opened.pop()
        self._open = False
        manager, self._manager = self._manager, None
        return await manager.__aexit__(kind, error, trace)


class Closable:
    """Closes what it was opened with; nothing if that is the caller's own."""

    _lifetime: Lifetime[Any] | None = None

    async def aclose(self) -> None:
        """Close what `connect` opened, and end what still runs, here and on the server.

        Closing twice does nothing. A Space that the caller gave stays open.

        Raises:
            RuntimeError: in another event loop; on trio, in another task than the opener's.
        """
        if self._lifetime is not None:
            await self._lifetime.close()


class Openable(ABC, Generic[T]):
    """Entered by `async with`; or opened by `open`, and closed by `aclose`."""

    _lifetime: Lifetime[T] | None = None

    @abstractmethod
    def _manager(self) -> AbstractAsyncContextManager[T]:
        """What is entered. It must not refer to this object, whose end is to close it."""

    @abstractmethod
    def _adopt(self, value: T) -> None:
        """Use what was entered."""

    async def open(self) -> Self:
        """Open it until `aclose`, which on asyncio any task may call.

        Raises:
            RuntimeError: it is open already.
        """
        if self._lifetime is not None and self._lifetime.is_open:
            raise RuntimeError(f"{self!r} is open already: close it first, or use another one")
        self._lifetime = Lifetime(self._manager(), repr(self))
        self._adopt(await self._lifetime.open())
        return self

    async def open_lifetime(self) -> Lifetime[T]:
        """`open` it for a client, whose user closes the lifetime that this returns."""
        await self.open()
        assert self._lifetime is not None
        return self._lifetime

    async def aclose(self) -> None:
        """Close it, and end what still runs, here and on the server. Closing twice does nothing.

        Raises:
            RuntimeError: in another event loop; on trio, in another task than the opener's.
        """
        await self.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._lifetime.close(kind, error, trace) if self._lifetime else None


class Connecting(Generic[C]):
    """What `connect` returns: enter it with `async with`, or `open` it and `aclose` the client.

    Awaiting it is the same as `open`. It is for one use.
    """

    def __init__(self, connect: Callable[[], Awaitable[tuple[C, Lifetime[Any]]]]) -> None:
        self._connect = connect
        self._lifetime: Lifetime[Any] | None = None

    async def open(self) -> C:
        """Connect. The client's `aclose` closes it, on asyncio from any task."""
        client, self._lifetime = await self._connect()
        return client

    def __await__(self) -> Generator[Any, Any, C]:
        return self.open().__await__()

    async def __aenter__(self) -> C:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        lifetime, self._lifetime = self._lifetime, None
        return None if lifetime is None else await lifetime.close(kind, error, trace)
