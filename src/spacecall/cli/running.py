"""Running a command's async work so that signals end it tidily."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import anyio
import typer

from spacecall.cli.exits import INTERRUPTED, TERMINATED
from spacecall.errors import DeadlineError

__all__ = ["deadline", "run"]

T = TypeVar("T")


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run async work to its end.

    Ctrl-C and SIGTERM cancel it: what runs on a server is cancelled there, within
    `Timeouts.cancel`. A second Ctrl-C does not wait for that.

    Raises:
        typer.Exit: a signal ended it.
    """
    told: list[int] = []

    def pass_on(number: int, _: object) -> None:
        told.append(number)
        signal.raise_signal(signal.SIGINT)  # which the event loop knows how to end with

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        return anyio.run(work)
    except KeyboardInterrupt:
        print("spacecall: ended" if told else "spacecall: interrupted", file=sys.stderr)
        raise typer.Exit(TERMINATED if told else INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


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
        raise DeadlineError(f"{what} within {seconds:g} s", phase="connect")
