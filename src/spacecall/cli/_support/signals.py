"""End a command on Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

from spacecall.cli._outputs.terminal import discard_closed_terminal, write_message
from spacecall.cli._support.exit_codes import HUNG_UP, INTERRUPTED, TERMINATED

__all__ = ["SignalState", "handle_signals"]


class _Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP arrived.

    A KeyboardInterrupt itself, not one of a subclass, that leaves code which `exec` compiled, such
    as that of a dataclass, makes CPython end the process by SIGINT, whatever is its exit code.
    """


class SignalState:
    """The signals that arrived inside `handle_signals`.

    Attributes:
        exit_code: that of the SIGTERM or SIGHUP that arrived; None without one.
        cancel: cancels the work on the first of them; None to raise a KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.cancel: Callable[[], None] | None = None

    @property
    def terminated(self) -> bool:
        """Whether SIGTERM or SIGHUP arrived."""
        return self.exit_code is not None

    def on_sigterm(self, _number: int, _frame: object) -> None:
        """Cancel the work, or raise a KeyboardInterrupt."""
        self._end(TERMINATED)

    def on_sighup(self, _number: int, _frame: object) -> None:
        """Do what SIGTERM does, without the terminal."""
        discard_closed_terminal()
        self._end(HUNG_UP)

    def _end(self, exit_code: int) -> None:
        # Not by SIGINT: a shell starts commands in the background of a script with SIGINT ignored.
        cancel = None if self.terminated else self.cancel
        self.exit_code = exit_code
        if cancel is None:
            raise _Terminated
        cancel()


@contextmanager
def handle_signals() -> Generator[SignalState]:
    """End the block with a KeyboardInterrupt on Ctrl-C, on SIGTERM and on SIGHUP.

    A SIGHUP that is ignored, as under nohup, stays ignored.

    Raises:
        typer.Exit: a signal ended the block.
    """
    state = SignalState()
    if threading.current_thread() is not threading.main_thread():  # it gets no signals
        yield state
        return
    previous = _install(state)
    try:
        yield state
    except KeyboardInterrupt:
        write_message(f"spacecall: {'terminated' if state.terminated else 'interrupted'}")
        raise typer.Exit(state.exit_code or INTERRUPTED) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _install(state: SignalState) -> Mapping[signal.Signals, Any]:
    """Install the handlers, and return those before them."""
    handlers: dict[signal.Signals, Any] = {signal.SIGTERM: state.on_sigterm}
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = state.on_sighup
    return {number: signal.signal(number, handler) for number, handler in handlers.items()}
