"""Run a command's work so that Ctrl-C, SIGTERM and deadlines cancel it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import anyio
import typer

from spacecall.cli._outputs.terminal import write_message
from spacecall.cli._support.exit_codes import INTERRUPTED, TERMINATED
from spacecall.errors import DeadlineError

__all__ = ["SignalState", "deadline", "handle_signals", "run_async"]

T = TypeVar("T")


class SignalState:
    """The signals that arrived inside `handle_signals`.

    Attributes:
        terminated: whether SIGTERM arrived.
        cancel: cancels the work on the first SIGTERM; None to raise a KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.terminated = False
        self.cancel: Callable[[], None] | None = None

    def on_sigterm(self, _number: int, _frame: object) -> None:
        """Cancel the work, or raise a KeyboardInterrupt."""
        # Not by SIGINT: a shell starts commands in the background of a script with SIGINT ignored.
        cancel = None if self.terminated else self.cancel
        self.terminated = True
        if cancel is None:
            raise KeyboardInterrupt
        cancel()


@contextmanager
def handle_signals() -> Generator[SignalState]:
    """End the block with a KeyboardInterrupt on Ctrl-C and on SIGTERM.

    Raises:
        typer.Exit: a signal ended the block.
    """
    state = SignalState()
    if threading.current_thread() is not threading.main_thread():  # it gets no signals
        yield state
        return
    previous = signal.signal(signal.SIGTERM, state.on_sigterm)
    try:
        yield state
    except KeyboardInterrupt:
        write_message(f"spacecall: {'terminated' if state.terminated else 'interrupted'}")
        raise typer.Exit(TERMINATED if state.terminated else INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run async work to its end.

    Ctrl-C and SIGTERM cancel it, and its jobs on servers, within `Timeouts.cancel`. A second
    signal does not wait for that.

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
    with anyio.CancelScope() as scope:

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)  # wakes a loop that waits for the network

        state.cancel = cancel
        try:
            return await work()
        finally:
            state.cancel = None
    raise KeyboardInterrupt


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
