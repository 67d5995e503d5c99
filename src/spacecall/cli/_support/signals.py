"""Running a command's async work so that signals end it tidily."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import anyio
import typer

from spacecall.cli._outputs.terminal import tell
from spacecall.cli._support.exit_codes import INTERRUPTED, TERMINATED
from spacecall.errors import DeadlineError

__all__ = ["Signals", "deadline", "run", "signals"]

T = TypeVar("T")


class Signals:
    """What the process has been told while `signals` held."""

    terminated = False
    """Whether it was told to end (SIGTERM), rather than interrupted with Ctrl-C."""


@contextmanager
def signals() -> Generator[Signals]:
    """A block that Ctrl-C and SIGTERM end with a KeyboardInterrupt.

    Raises:
        typer.Exit: a signal ended it.
    """
    told = Signals()

    def pass_on(_number: int, _frame: object) -> None:
        told.terminated = True
        signal.raise_signal(signal.SIGINT)  # which an event loop knows how to end with

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield told
    except KeyboardInterrupt:
        tell(f"spacecall: {'ended' if told.terminated else 'interrupted'}")
        raise typer.Exit(TERMINATED if told.terminated else INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run async work to its end.

    Ctrl-C and SIGTERM cancel it: what runs on a server is cancelled there, within
    `Timeouts.cancel`. A second Ctrl-C does not wait for that.

    Raises:
        typer.Exit: a signal ended it.
    """
    with signals():
        return anyio.run(work)
    raise AssertionError("signals() swallows nothing")


@contextmanager
def deadline(seconds: float | None, what: str) -> Generator[anyio.CancelScope]:
    """A block that must end within `seconds`, unless it puts the scope's deadline off.

    Raises:
        DeadlineError: it did not; `what` says what was waited for.
    """
    with anyio.CancelScope() as scope:
        if seconds is not None:
            scope.deadline = anyio.current_time() + seconds
        yield scope
    if scope.cancelled_caught:
        raise DeadlineError(f"{what} within {seconds:g} s", phase="open")
