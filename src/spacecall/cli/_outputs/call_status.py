"""Show a call's messages on stderr, and on a terminal its progress."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from spacecall import events
from spacecall._visible import visible_line
from spacecall.cli._outputs.console import create_console
from spacecall.cli._outputs.terminal import stderr_is_terminal
from spacecall.events import Event, Log, ProgressUnit, Queued, Started, Uploading

__all__ = ["CallStatus", "describe_state", "measure_unit"]

_LEVELS = {"warning": "yellow", "error": "red", "success": "green", "info": "cyan"}
_MAX_DESCRIPTION = 40
"""Columns for the description of a progress bar."""


class CallStatus:
    """Shows the events of a call on stderr, inside a `with` block.

    Args:
        quiet: whether to show nothing.
        activity: the text until the first event.
    """

    def __init__(self, *, quiet: bool = False, activity: str = "connecting") -> None:
        self._quiet = quiet
        self._activity = activity
        self._console = create_console(error=True)
        interactive = stderr_is_terminal() and not quiet and not self._console.is_dumb_terminal
        self._bars = _create_bars(self._console) if interactive else None
        self._call_bar: TaskID | None = None
        self._unit_bars: list[TaskID] = []

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
            self._call_bar = self._bars.add_task(self._activity, total=None, count="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove the progress bars for good, so that stdout can write to the same terminal."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def show(self, event: Event[Any]) -> None:
        """Show a message, a progress report or a change of state; ignore other events."""
        match event:
            case Log():
                self._show_log(event)
            case events.Progress(units):
                self._show_progress(units)
            case Uploading() | Queued() | Started():
                self._show_state(event)
            case _:
                pass

    def _show_log(self, log: Log) -> None:
        if self._quiet:
            return
        level = log.level if log.level in _LEVELS else "info"
        title = visible_line(log.title or "")
        prefix = f"{title}: " if title and title.casefold() != level.casefold() else ""
        message = f"{prefix}{visible_line(log.message)}"
        line = Text(f"{level}: ", _LEVELS[level]).append(message, "none")
        self._console.print(line, soft_wrap=True)

    def _show_state(self, event: Uploading | Queued | Started) -> None:
        if self._bars is None or self._call_bar is None:
            return
        sent, total = (event.sent, event.total) if isinstance(event, Uploading) else (0, None)
        description = describe_state(event)
        self._bars.update(self._call_bar, description=description, completed=sent, total=total)

    def _show_progress(self, units: tuple[ProgressUnit, ...]) -> None:
        if self._bars is None or self._call_bar is None:
            return
        self._bars.update(self._call_bar, description="running", total=None)
        for bar in self._unit_bars[len(units) :]:
            self._bars.remove_task(bar)
        del self._unit_bars[len(units) :]
        while len(self._unit_bars) < len(units):
            self._unit_bars.append(self._bars.add_task("", total=None, count=""))
        for bar, unit in zip(self._unit_bars, units, strict=True):
            completed, total, count = measure_unit(unit)
            text = visible_line(unit.description or "")[:_MAX_DESCRIPTION]
            self._bars.update(bar, description=text, completed=completed, total=total, count=count)


def describe_state(event: Uploading | Queued | Started) -> str:
    """Describe the state of a call, such as `queued, position 2 of 5, about 7 s`."""
    match event:
        case Uploading():
            return "uploading"
        case Queued(rank, size, eta):
            of_size = f" of {size}" if size else ""
            position = "" if rank is None else f", position {rank + 1}{of_size}"
            return f"queued{position}{_format_eta(eta)}"
        case Started(eta):
            return f"running{_format_eta(eta)}"


def measure_unit(unit: ProgressUnit) -> tuple[float, float | None, str]:
    """Return how much of a progress unit is complete, its total, and both as a text."""
    if unit.index is not None:
        total = "" if unit.length is None else f"/{unit.length:g}"
        count = f"{unit.index:g}{total} {visible_line(unit.unit or '')}".strip()
        return unit.index, unit.length, count
    if unit.fraction is not None:
        return unit.fraction, 1.0, f"{unit.fraction:.0%}"
    return 0, None, ""


def _format_eta(eta: float | None) -> str:
    return "" if eta is None else f", about {eta:.0f} s"


def _create_bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Results go to stdout, which may be a file; only stderr shows the bars.
        redirect_stdout=False,
        redirect_stderr=False,
    )
