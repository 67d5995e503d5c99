"""End a command on Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import typer

from spacecall.cli._outputs.terminal import write_message
from spacecall.cli._support.exit_codes import INTERRUPTED, TERMINATED

__all__ = ["SignalState", "handle_signals"]


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
