"""The one place that writes to stdout and stderr; what it writes is safe on a terminal and in CI.

Texts of apps, of the Hub and of files come here as they are. A control character is shown as an
escape (`spacecall._visible`), and no line begins with what a CI server obeys. Only results
(`Results`) are written as they are, where a program reads them.
"""

from __future__ import annotations

import getpass
import json
import math
import os
import stat
import sys
import traceback
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from spacecall._visible import escape_commands, visible, visible_json
from spacecall.cli._support.exit_codes import ReaderGoneError, message_of

__all__ = [
    "Results",
    "as_json",
    "ask_password",
    "drop_stdout",
    "flush",
    "screen",
    "show",
    "stderr_is_terminal",
    "stdin_is_terminal",
    "stdout_is_terminal",
    "tell",
    "tell_error",
    "tell_traceback",
    "visible_streams",
    "write",
    "write_json",
]

_WIDEST = 100
# GitHub Actions (and Gitea's), Azure Pipelines, TeamCity: what a log says is a command to them.
_OBEDIENT = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")


class _VisibleStream:
    """A text stream whatever is written to which is safe to show.

    It stands for `sys.stdout` and `sys.stderr`, so that warnings, log records and the messages of
    libraries pass through it too.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text; how long it is."""
        self.stream.write(_safe(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def visible_streams() -> Generator[None]:
    """A block in which everything that is written to stdout and stderr is safe to show."""
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _VisibleStream(_stdout()))
    sys.stderr = cast("TextIO", _VisibleStream(_stderr()))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def write(text: str, *, commands: bool = False) -> None:
    """Write a page or lines to stdout, at once.

    Args:
        text: to write.
        commands: whether it may have commands to a CI server, since none of them is an app's.

    Raises:
        ReaderGoneError: nobody reads it any more.
    """
    _emit(visible(text) if commands else _safe(text))


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON to stdout.

    Raises:
        ReaderGoneError: nobody reads it any more.
    """
    _emit(f"{as_json(value, indent=indent)}\n")


class Results:
    """Writes to stdout what a call gave.

    On a terminal a text is made safe to show. So it is in the log of a CI server, in whole lines.
    A file, and a pipe elsewhere, gets exactly the text.

    Args:
        raw: whether a terminal and a log get exactly the text, too.
    """

    def __init__(self, *, raw: bool = False) -> None:
        self._kind: Literal["exact", "terminal", "log"] = "exact" if raw else _stdout_kind()
        self._before = ""
        self._line: list[str] = []

    def write(self, text: str) -> None:
        """Write a piece of a result, at once; into a log, when its line is whole.

        Raises:
            ReaderGoneError: nobody reads it any more.
        """
        if self._kind == "exact":
            _emit(text)
        elif self._kind == "terminal":
            _emit(visible(text, self._before))
            self._before = text[-1:] or self._before
        else:
            whole, newline, begun = text.rpartition("\n")
            if newline:
                _emit(_safe(f"{''.join(self._line)}{whole}\n"))
                self._line.clear()
            self._line.append(begun)


def tell(text: str) -> None:
    """Write a message to stderr, on lines of its own."""
    stream = _stderr()
    stream.write(f"{_safe(text)}\n")
    stream.flush()


def tell_error(error: Exception, about: str = "") -> None:
    """Write what went wrong to stderr.

    Args:
        error: whose message it is.
        about: the client that it is about; empty for the command.
    """
    tell(f"spacecall: {f'{about}: ' if about else ''}{message_of(error)}")


def tell_traceback(error: BaseException) -> None:
    """Write an error that is nobody's intention to stderr, with where it came from."""
    tell("".join(traceback.format_exception(error)).rstrip("\n"))


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON of a value; nan and infinities, which it does not have, are null.

    It is safe to show. Without `indent` it is one line for every reader, whatever counts as a line
    break to it.
    """
    return visible_json(json.dumps(_finite(value), ensure_ascii=False, indent=indent))


def screen(*, error: bool = False) -> Console:
    """What pages are laid out with: as wide as the terminal, 80 columns where there is none."""
    file = _stderr() if error else _stdout()
    console = _VisibleConsole(file=file, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _WIDEST)
    return console


def show(console: Console, *parts: RenderableType) -> None:
    """Write to stdout what `console` makes of `parts`, without white space at line ends.

    Raises:
        ReaderGoneError: nobody reads it any more.
    """
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    lines = "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])
    _emit(escape_commands(lines))


def ask_password(prompt: str) -> str:
    """What somebody types on the terminal, unseen."""
    return getpass.getpass(_safe(prompt), _stderr())


def stdin_is_terminal() -> bool:
    """Whether somebody types on stdin."""
    return sys.stdin.isatty()


def stdout_is_terminal() -> bool:
    """Whether somebody watches stdout."""
    return _stdout().isatty()


def stderr_is_terminal() -> bool:
    """Whether somebody watches stderr."""
    return _stderr().isatty()


def flush() -> None:
    """Write what is still in a buffer of stdout, before another process writes there."""
    _stdout().flush()


def drop_stdout() -> None:
    """Make what is still to be written to stdout go nowhere, since nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), _stdout().fileno())


class _VisibleConsole(Console):
    """A console whose texts are safe to show; its own styles and movements stay what they are."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments of visible text."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(_safe(segment.text), segment.style)


def _safe(text: str) -> str:
    return escape_commands(visible(text))


def _emit(text: str) -> None:
    stream = _stdout()
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
    except UnicodeEncodeError:
        _emit(text.encode(stream.encoding, "replace").decode(stream.encoding))


def _stdout() -> TextIO:
    return _exact(sys.stdout)


def _stderr() -> TextIO:
    return _exact(sys.stderr)


def _exact(stream: TextIO) -> TextIO:
    return stream.stream if isinstance(stream, _VisibleStream) else stream


def _stdout_kind() -> Literal["exact", "terminal", "log"]:
    obeyed = any(os.environ.get(name) for name in _OBEDIENT)
    if obeyed and not _stdout_is_file():
        return "log"
    return "terminal" if stdout_is_terminal() else "exact"


def _stdout_is_file() -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISREG(os.fstat(_stdout().fileno()).st_mode)
    return False


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in cast("Sequence[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
