"""Show on stderr how far a batch is."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.progress import Progress, SpinnerColumn, TextColumn

from spacecall.batch import BatchProgress
from spacecall.cli._outputs.console import create_console
from spacecall.cli._outputs.terminal import stderr_is_terminal, write_message

__all__ = ["BatchStatus", "describe_progress"]

_SECONDS_PER_LINE: Final = 60.0
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


class BatchStatus:
    """Shows the progress of a batch inside a `with` block; without a terminal, a line a minute.

    Args:
        quiet: whether to show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._start = self._last_line = time.monotonic()
        self._finished_before: int | None = None
        self._has_told_collecting = False
        console = create_console(error=True)
        if stderr_is_terminal() and not quiet and not console.is_dumb_terminal:
            columns = SpinnerColumn(), TextColumn("{task.description}")
            self._bars: Progress | None = Progress(*columns, console=console, transient=True)
        else:
            self._bars = None

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
            self._task = self._bars.add_task("connecting", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, progress: BatchProgress) -> None:
        """Show the progress."""
        now = time.monotonic()
        finished = progress.done + progress.failed
        if self._finished_before is None:
            self._finished_before = finished
        rate = (finished - self._finished_before) / max(now - self._start, 1.0)
        text = describe_progress(progress, rate)
        if self._bars is not None:
            self._bars.update(self._task, description=text)
        elif not self._quiet and now - self._last_line >= _SECONDS_PER_LINE:
            self._last_line = now
            write_message(text)
        elif not self._quiet and progress.collecting and not self._has_told_collecting:
            write_message(describe_collecting(progress.collecting))
        self._has_told_collecting |= progress.collecting > 0


def describe_progress(progress: BatchProgress, rate: float) -> str:
    """Return the progress as a line.

    Args:
        progress: of the batch.
        rate: the rows that this run finishes in a second.
    """
    of_total = "" if progress.total is None else f" of {progress.total:,}"
    parts = [
        f"{progress.done:,}{of_total} rows done",
        f"{progress.failed:,} failed",
        f"{progress.running} of {progress.concurrency} calls running",
        f"{rate:.3g} rows/s",
    ]
    if progress.collecting:
        parts.insert(3, describe_collecting(progress.collecting))
    if progress.total is not None and rate > 0:
        seconds = (progress.total - progress.done - progress.failed) / rate
        parts.append(f"about {_format_seconds(max(0.0, seconds))} left")
    return ", ".join(parts)


def describe_collecting(jobs: int) -> str:
    """Return what is waited for if an earlier run ended while the app had jobs of it."""
    label = "a job" if jobs == 1 else f"{jobs:,} jobs"
    return f"waiting for {label} of an earlier run, which the app may still have"


def _format_seconds(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
