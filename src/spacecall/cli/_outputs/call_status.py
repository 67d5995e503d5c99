"""What stderr shows while a call works: the app's messages, and on a terminal its progress."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from spacecall import events
from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import screen, stderr_is_terminal
from spacecall.events import Event, Log, ProgressUnit, Queued, Started, Uploading

__all__ = ["Feedback", "state_of", "unit_of"]

_LEVELS = {"warning": "yellow", "error": "red", "success": "green", "info": "cyan"}
_WIDEST = 40


class Feedback:
    """Shows events on stderr, for the length of a `with`.

    Args:
        quiet: whether nothing at all is shown.
        doing: what is done until the first event.
    """

    def __init__(self, *, quiet: bool = False, doing: str = "connecting") -> None:
        self._quiet = quiet
        self._doing = doing
        self._console = screen(error=True)
        watched = stderr_is_terminal() and not quiet and not self._console.is_dumb_terminal
        self._bars = _bars(self._console) if watched else None
        self._call: TaskID | None = None
        self._units: list[TaskID] = []

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
            self._call = self._bars.add_task(self._doing, total=None, count="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the progress off the screen: from now on stdout writes there."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def show(self, event: Event[Any]) -> None:
        """Show an event, if it is one that says how the call goes."""
        match event:
            case Log():
                self._log(event)
            case events.Progress(units):
                self._progress(units)
            case Uploading() | Queued() | Started():
                self._state(event)
            case _:
                pass

    def _log(self, log: Log) -> None:
        if self._quiet:
            return
        level = log.level if log.level in _LEVELS else "info"
        title = visible_line(log.title or "")
        said = f"{title}: " if title and title.casefold() != level.casefold() else ""
        line = Text(f"{level}: ", _LEVELS[level]).append(
            f"{said}{visible_line(log.message)}", "none"
        )
        self._console.print(line, soft_wrap=True)

    def _state(self, event: Uploading | Queued | Started) -> None:
        if self._bars is None or self._call is None:
            return
        sent, total = (event.sent, event.total) if isinstance(event, Uploading) else (0, None)
        self._bars.update(self._call, description=state_of(event), completed=sent, total=total)

    def _progress(self, units: tuple[ProgressUnit, ...]) -> None:
        if self._bars is None or self._call is None:
            return
        self._bars.update(self._call, description="working", total=None)
        for task in self._units[len(units) :]:
            self._bars.remove_task(task)
        del self._units[len(units) :]
        while len(self._units) < len(units):
            self._units.append(self._bars.add_task("", total=None, count=""))
        for task, unit in zip(self._units, units, strict=True):
            done, total, count = unit_of(unit)
            said = visible_line(unit.description or "")[:_WIDEST]
            self._bars.update(task, description=said, completed=done, total=total, count=count)


def state_of(event: Uploading | Queued | Started) -> str:
    """Where a call is, in words."""
    match event:
        case Uploading():
            return "uploading"
        case Queued(rank, size, eta):
            place = "" if rank is None else f", place {rank + 1}{f' of {size}' if size else ''}"
            return f"waiting in the queue{place}{_about(eta)}"
        case Started(eta):
            return f"working{_about(eta)}"


def unit_of(unit: ProgressUnit) -> tuple[float, float | None, str]:
    """One of the app's bars: how much is done, of how much, and the same in words."""
    if unit.index is not None:
        of = "" if unit.length is None else f"/{unit.length:g}"
        return (
            unit.index,
            unit.length,
            f"{unit.index:g}{of} {visible_line(unit.unit or '')}".strip(),
        )
    if unit.fraction is not None:
        return unit.fraction, 1.0, f"{unit.fraction:.0%}"
    return 0, None, ""


def _about(eta: float | None) -> str:
    return "" if eta is None else f", about {eta:.0f} s"


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Results go to stdout past the bars, which may be another place.
        redirect_stdout=False,
        redirect_stderr=False,
    )
