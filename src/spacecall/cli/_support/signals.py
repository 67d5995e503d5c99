"""Run a command's work so that Ctrl-C, SIGTERM and deadlines cancel it."""

from __future__ import annotations

import signal
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
    """The signals that arrived inside `handle_signals`."""

    terminated = False
    """Whether SIGTERM arrived, rather than Ctrl-C."""


@contextmanager
def handle_signals() -> Generator[SignalState]:
    """End the block with a KeyboardInterrupt on Ctrl-C and on SIGTERM.

    Raises:
        typer.Exit: a signal ended the block.
    """
    state = SignalState()

    def interrupt(_number: int, _frame: object) -> None:
        state.terminated = True
        signal.raise_signal(signal.SIGINT)  # event loops handle SIGINT, but not SIGTERM

    previous = signal.signal(signal.SIGTERM, interrupt)
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
    Ctrl-C does not wait for that.

    Raises:
        typer.Exit: a signal ended the work.
    """
    with handle_signals():
        return anyio.run(work)
    raise AssertionError("handle_signals() does not suppress exceptions")


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
