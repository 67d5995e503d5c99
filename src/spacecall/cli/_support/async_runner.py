"""Run a command's async work so that Ctrl-C, SIGTERM, SIGHUP and deadlines cancel it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import anyio

from spacecall.cli._support.signals import SignalState, handle_signals
from spacecall.errors import DeadlineError

__all__ = ["deadline", "on_interrupt", "run_async"]

T = TypeVar("T")


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run async work to its end.

    Ctrl-C, SIGTERM and SIGHUP cancel it, and its jobs on servers, within `Timeouts.cancel`. A
    second signal does not wait for that.

    Raises:
        typer.Exit: a signal ended the work.
    """
    with handle_signals() as state:
        value = anyio.run(_run_cancellable, work, state)
        if state.terminated:
            raise KeyboardInterrupt
        return value
    raise AssertionError("handle_signals() does not suppress exceptions")


async def _run_cancellable(work: Callable[[], Awaitable[T]], state: SignalState) -> T:
    loop = asyncio.get_running_loop()
    with _woken_by_signals(loop), anyio.CancelScope() as scope:

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)  # wakes a loop that waits for the network

        state.cancel = cancel
        try:
            return await work()
        finally:
            state.cancel = None
    raise KeyboardInterrupt


@contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Let each signal wake the event loop.

    Python runs the handler of a signal between two steps of the program. If the signal arrives just
    before the loop waits for the network, that would be when the wait ends, which may be never.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or sys.platform == "win32":  # there the loop does this itself
        yield
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        loop.add_reader(reader, reader.recv, 4096)
        try:
            yield
        finally:
            loop.remove_reader(reader)
            signal.set_wakeup_fd(previous)


@contextmanager
def deadline(seconds: float | None, message: str) -> Generator[anyio.CancelScope]:
    """Cancel the block after `seconds`, unless it extends the deadline of the scope.

    Args:
        seconds: None for no deadline.
        message: of the error, such as "the app did not answer".

    Raises:
        DeadlineError: the block did not end in time.
    """
    with anyio.CancelScope() as scope:
        if seconds is not None:
            scope.deadline = anyio.current_time() + seconds
        yield scope
    if scope.cancelled_caught:
        raise DeadlineError(f"{message} within {seconds:g} s", phase="open")


@contextmanager
def on_interrupt(callback: Callable[[], None]) -> Generator[None]:
    """Call `callback` in the event loop on the first Ctrl-C in the block; the next one ends it.

    Where Ctrl-C is ignored, or another thread runs the block, nothing changes.
    """
    previous = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or previous is None or previous is signal.SIG_IGN:
        yield
        return
    loop = asyncio.get_running_loop()

    def handle(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, previous)
        loop.call_soon_threadsafe(callback)  # wakes a loop that waits for the network

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
