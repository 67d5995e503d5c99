"""Keep async context managers open until they are closed, whichever task opens and closes them.

Every class that `async with` enters can be opened and closed instead, by `open()` and `aclose()`.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar
from weakref import WeakKeyDictionary, finalize

import anyio

from spacecall._io.event_loops import EventLoopGuard

T = TypeVar("T")
C = TypeVar("C")
D = TypeVar("D")

# asyncio keeps weak references only.
_OWNERS: Final[set[asyncio.Task[None]]] = set()
# On trio: the lifetimes that each task has opened and not closed, in order.
_OPEN_IN_TASK: Final[WeakKeyDictionary[Any, list[Lifetime[Any]]]] = WeakKeyDictionary()


def on_asyncio() -> bool:
    """Return whether the current task is one of asyncio, where tasks are independent."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


class _OwnerTask(Generic[T]):
    """The asyncio task that enters a context manager, keeps it open and leaves it.

    It does not refer to its `Lifetime`, so that the lifetime can become garbage, which closes it.

    Attributes:
        closing: whether it was closed, or could not be opened.
        failure: the error that ended it from inside, until that is raised to a caller.
        on_end: called when it has ended.
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
        self._scope = anyio.CancelScope()
        self.task = self.loop.create_task(self._run(manager), name=f"owner of {label}")
        # asyncio warns of a loop that is closed with tasks in it; one warning is enough.
        self.task._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        _OWNERS.add(self.task)
        self.task.add_done_callback(self._end)

    async def _run(self, manager: AbstractAsyncContextManager[T]) -> None:
        with self._scope:
            self._values.append(await manager.__aenter__())
            self._ready.set()
            # Not `async with`: if the loop is gone, nothing can be awaited any more.
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
        """Warn once if it was not closed."""
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
    def has_ended(self) -> bool:
        """Whether the task has ended, or cannot end because its loop is closed."""
        return self.task.done() or self.loop.is_closed()

    async def wait_opened(self) -> T:
        """Wait until it is open and return the entered value; if cancelled, close it."""
        try:
            await self._ready.wait()
            if self._values:
                return self._values.pop()
        except BaseException:
            if not self._ready.is_set():
                # Not `Task.cancel`: a scope that is cancelled inside at the same time takes that
                # for its own cancellation.
                self._scope.cancel()
            await self.leave()
            raise
        self.closing = True
        self.raise_failure(None)
        raise RuntimeError(f"{self.label} was cancelled while it was opened")

    async def leave(self) -> None:
        """Leave the context manager and wait until that is done, even if cancelled."""
        self.closing = True
        self._leave.set()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()

    def leave_soon(self) -> None:
        """Leave the context manager without waiting; any thread and any finalizer may call this."""
        if self.process != os.getpid():
            return
        with suppress(RuntimeError):  # its loop is closed
            self.loop.call_soon_threadsafe(self._leave.set)
        if self.has_ended:
            _OWNERS.discard(self.task)

    def raise_failure(self, error: BaseException | None) -> None:
        """Raise the error that ended it from inside, once.

        Args:
            error: raised in the block; if it was caused by that error, nothing is raised here.
        """
        failure, self.failure = self.failure, None
        try:
            if failure is not None and (error is None or error.__cause__ is not failure):
                raise failure
        finally:
            del failure  # its traceback refers to this frame


def _leave_unreferenced(owner: _OwnerTask[Any]) -> None:
    owner.leave_soon()
    if owner.process == os.getpid():
        owner.warn_if_left_open()


class Lifetime(Generic[T]):
    """Keeps an async context manager open until it is closed, or nothing refers to it.

    On asyncio a separate task enters and leaves the context manager, so that any task may open and
    close it. It is left when the loop ends, or when nothing refers to the lifetime any more. On
    trio, whose tasks are nested, the task that opened it must close it.

    Args:
        manager: for one use.
        label: its name in warnings and errors.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T], label: str) -> None:
        self._manager: AbstractAsyncContextManager[T] | None = manager
        self._label = label
        self._owner: _OwnerTask[T] | None = None
        self._task: Any = None
        self._loop_guard: EventLoopGuard | None = None
        self._on_end: Callable[[], object] | None = None
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether it is open, or is being opened."""
        return self._open and (self._owner is None or not self._owner.has_ended)

    def set_end_callback(self, callback: Callable[[], object]) -> None:
        """Call `callback` in the event loop when it was left. Set this before opening."""
        self._on_end = callback

    async def open(self) -> T:
        """Enter the context manager and return its value; if cancelled, leave it."""
        manager, self._manager = self._manager, None
        assert manager is not None
        self._loop_guard = EventLoopGuard()
        self._open = True
        try:
            return await (self._open_in_owner if on_asyncio() else self._open_here)(manager)
        except BaseException:
            self._open = False
            raise

    async def _open_in_owner(self, manager: AbstractAsyncContextManager[T]) -> T:
        owner = self._owner = _OwnerTask(manager, self._label)
        if self._on_end is not None:
            owner.on_end.append(self._on_end)
        finalize(self, _leave_unreferenced, owner).atexit = False
        return await owner.wait_opened()

    async def _open_here(self, manager: AbstractAsyncContextManager[T]) -> T:
        value = await manager.__aenter__()
        self._manager = manager
        self._task = anyio.get_current_task().coro
        _OPEN_IN_TASK.setdefault(self._task, []).append(self)
        return value

    async def close(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> bool | None:
        """Leave the context manager. Closing twice does nothing.

        Arguments and result are those of `__aexit__`.

        Raises:
            RuntimeError: called in another event loop; or, on trio, in another task.
            Exception: the error that ended it from inside, if it was not raised before.
        """
        owner = self._owner
        if owner is None:
            return await self._close_here(kind, error, trace)
        if owner.has_ended:
            owner.closing = True
            owner.leave_soon()
        else:
            assert self._loop_guard is not None
            self._loop_guard.check()
            self._open = False
            await owner.leave()
        self._open = False
        owner.raise_failure(error)
        return None

    def close_soon(self) -> None:
        """Leave the context manager without waiting; any thread may call this."""
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
        if self._manager is None or self._loop_guard is None:
            return None
        self._loop_guard.check()
        open_lifetimes = _OPEN_IN_TASK.get(self._task, [])
        if anyio.get_current_task().coro is not self._task:
            raise RuntimeError(
                f"{self._label} was opened by another task: on trio the task that opens it must "
                "close it; use `async with`, or open it in a task that lives as long as it"
            )
        if open_lifetimes[-1:] != [self]:
            raise RuntimeError(
                f"{self._label} was not opened last: on trio, close in the reverse order of opening"
            )
        open_lifetimes.pop()
        self._open = False
        manager, self._manager = self._manager, None
        return await manager.__aexit__(kind, error, trace)


class Closable:
    """A client that closes what its `connect` opened, and not a Space that the caller opened."""

    _lifetime: Lifetime[Any] | None = None

    async def aclose(self) -> None:
        """Close what `connect` opened, and cancel the jobs that still run.

        Closing twice does nothing. A Space that you passed in stays open.

        Raises:
            RuntimeError: called in another event loop; or, on trio, in another task.
        """
        if self._lifetime is not None:
            await self._lifetime.close()


class Openable(ABC, Generic[T]):
    """An object that `async with` enters, or `open` and `aclose` open and close."""

    _lifetime: Lifetime[T] | None = None

    @abstractmethod
    def _manager(self) -> AbstractAsyncContextManager[T]:
        """Return the context manager to enter.

        It must not refer to this object, which is closed when nothing refers to it.
        """

    @abstractmethod
    def _store(self, value: T) -> None:
        """Store the value that was entered."""

    async def open(self) -> Self:
        """Open it until `aclose`, which any task may call on asyncio.

        Raises:
            RuntimeError: it is open already.
        """
        if self._lifetime is not None and self._lifetime.is_open:
            raise RuntimeError(f"{self!r} is open already: close it first, or use another one")
        self._lifetime = Lifetime(self._manager(), repr(self))
        self._store(await self._lifetime.open())
        return self

    async def aclose(self) -> None:
        """Close it, and cancel the jobs that still run. Closing twice does nothing.

        Raises:
            RuntimeError: called in another event loop; or, on trio, in another task.
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


def is_open(openable: Openable[Any]) -> bool:
    """Return whether `openable` is open, or is being opened."""
    lifetime = openable._lifetime  # pyright: ignore[reportPrivateUsage] - of this module
    return lifetime is not None and lifetime.is_open


async def open_lifetime(openable: Openable[T]) -> Lifetime[T]:
    """Open `openable` for a client, whose user closes the lifetime that this returns."""
    await openable.open()
    lifetime = openable._lifetime  # pyright: ignore[reportPrivateUsage] - of this module
    assert lifetime is not None
    return lifetime


def unopened_error(connecting: object, attribute: str, remedy: str) -> AttributeError:
    """Return the error for an attribute of a client that is not connected yet."""
    kind = type(connecting).__name__
    hint = "" if attribute.startswith("_") else f": it is not connected yet, use {remedy}"
    return AttributeError(f"{kind!r} object has no attribute {attribute!r}{hint}")


class Connecting(Generic[C]):
    """A client that is not connected yet: use `async with`, or `await` it and `aclose` the client.

    The `connect` of a client returns it. It is for one use.
    """

    def __init__(self, connect: Callable[[], Awaitable[tuple[C, Lifetime[Any]]]]) -> None:
        self._connect = connect
        self._lifetime: Lifetime[Any] | None = None

    async def open(self) -> C:
        """Connect and return the client, whose `aclose` closes the connection."""
        client, self._lifetime = await self._connect()
        return client

    def __await__(self) -> Generator[Any, Any, C]:
        return self.open().__await__()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unopened_error(self, name, "`async with … as client`, or `await ….open()`")

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


def replaceable(
    opening: Connecting[C], replace: Callable[[C], Awaitable[Connecting[D] | None]]
) -> Connecting[C | D]:
    """Return a connection whose client may be another one.

    Args:
        opening: opens the first client.
        replace: gets this client. It returns another connection, which is opened after the client
            is closed; or None to keep the client. An error of it closes the client.
    """

    async def connect() -> tuple[C | D, Lifetime[Any]]:
        client, lifetime = await opening._connect()  # pyright: ignore[reportPrivateUsage]
        try:
            other = await replace(client)
        except BaseException:
            await lifetime.close()
            raise
        if other is None:
            return client, lifetime
        await lifetime.close()
        return await other._connect()  # pyright: ignore[reportPrivateUsage]

    return Connecting(connect)
