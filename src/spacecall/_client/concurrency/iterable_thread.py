"""Read a synchronous iterable in a thread of its own, for the code of an event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextvars import copy_context
from typing import Final, Generic, TypeVar

import anyio

from spacecall._io.event_loops import call_soon, running_loop

R = TypeVar("R")
T = TypeVar("T")

_THREAD_NOTE: Final = (
    "rows are read in a thread of their own: open what is bound to a thread inside of a generator "
    "of rows, or yield the rows from an async generator, which is read in the event loop"
)


class IterableThread(Generic[R, T]):
    """Reads an iterable in a thread of its own: the event loop goes on while the iterable blocks.

    All of it happens in that one thread, with the context variables of the task that creates this,
    also the end of a generator. The thread does not keep the process from ending.

    Args:
        items: what to read.
        prepare: is called with each item as soon as it is read, and returns what `take` gives for
            it: a generator may yield the same object again and again, with other contents.
    """

    def __init__(self, items: Iterable[R], prepare: Callable[[R], T]) -> None:
        self._items = items
        self._prepare = prepare
        self._loop = running_loop()
        self._condition = threading.Condition()
        self._allowed = 0
        self._read: list[T] = []
        self._stopped = False
        self._ended = False
        self._error: BaseException | None = None
        self._awaited: anyio.Event | None = None
        context = copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name="spacecall.rows", daemon=True
        ).start()

    async def take(self, most: int) -> list[T]:
        """Return the next items, as soon as there is one; an empty list after the last one.

        Args:
            most: how many items may be read until the next call of this, the returned ones among
                them; at least 1.

        Raises:
            BaseException: what the iterable raised, after the items before.
        """
        with self._condition:
            self._allowed = most - len(self._read)
            if self._allowed > 0:
                self._condition.notify()
        await self._wait(lambda: bool(self._read) or self._ended)
        with self._condition:
            items, self._read = self._read, []
        if not items:
            self._raise()
        return items

    async def aclose(self, seconds: float) -> None:
        """Stop reading, and wait until a generator is closed, unless it blocks for so long.

        Raises:
            BaseException: what the iterable raised, if nobody knows yet.
        """
        with self._condition:
            self._stopped = True
            self._condition.notify()
        with anyio.move_on_after(seconds, shield=True):
            await self._wait(lambda: self._ended)
        self._raise()

    async def _wait(self, is_done: Callable[[], bool]) -> None:
        while True:
            with self._condition:
                if is_done():
                    return
                self._awaited = awaited = anyio.Event()
            await awaited.wait()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        try:
            self._iterate(iter(self._items))
        except BaseException as error:  # noqa: BLE001 - raised in the event loop
            self._error = error
            if "thread" in str(error).lower():  # as sqlite3 says
                error.add_note(_THREAD_NOTE)
        finally:
            with self._condition:
                self._ended = True
                self._notify()

    def _iterate(self, iterator: Iterator[R]) -> None:
        try:
            while self._wait_allowed():
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                prepared = self._prepare(item)
                with self._condition:
                    self._read.append(prepared)
                    self._allowed -= 1
                    self._notify()
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def _wait_allowed(self) -> bool:
        """Wait until another item may be read; return whether it may."""
        with self._condition:
            while self._allowed <= 0 and not self._stopped:
                self._condition.wait()
            return not self._stopped

    def _notify(self) -> None:
        """Wake the event loop, if it waits."""
        if self._awaited is not None:
            awaited, self._awaited = self._awaited, None
            call_soon(self._loop, awaited.set)
