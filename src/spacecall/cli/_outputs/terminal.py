r"""Write to stdout and stderr, so that no text can control a terminal or a CI server.

No other module of the package prints. Texts of apps, of the Hub and of files come here unchanged:
a control character is written as an escape (`spacecall._visible`), and a line never begins with a
command to a CI server. Only `ResultWriter` writes exact texts, where a program reads them. A
character that the encoding of the output does not have is written as `\uXXXX`, which is right in
JSON too.
"""

from __future__ import annotations

import codecs
import getpass
import io
import json
import math
import os
import stat
import sys
import traceback
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from spacecall._visible import escape_commands, escape_for_json, visible, visible_json
from spacecall.cli._support.exit_codes import OutputClosedError

__all__ = [
    "ResultWriter",
    "discard_closed_terminal",
    "discard_stdout",
    "display_path",
    "escape",
    "escape_streams",
    "flush",
    "prompt_password",
    "stderr",
    "stderr_is_terminal",
    "stdin_is_terminal",
    "stdout",
    "stdout_is_terminal",
    "to_json",
    "write",
    "write_json",
    "write_message",
    "write_rendered",
    "write_traceback",
]

_ENCODING_ERRORS = "spacecall.escape"
# GitHub Actions (and Gitea), Azure Pipelines, TeamCity: they run commands that stand in a log.
_CI_VARIABLES = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")


class _EscapingStream:
    """A text stream that escapes what is not safe to show.

    It replaces `sys.stdout` and `sys.stderr`, so that warnings, log records and the messages of
    libraries are escaped too.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text and return its length."""
        self.stream.write(escape(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def escape_streams() -> Generator[None]:
    """Escape everything that is written to stdout and stderr inside the block."""
    original = sys.stdout, sys.stderr
    with _escape_unencodable(stdout()), _escape_unencodable(stderr()):
        sys.stdout = cast("TextIO", _EscapingStream(stdout()))
        sys.stderr = cast("TextIO", _EscapingStream(stderr()))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = original


@contextmanager
def _escape_unencodable(stream: TextIO) -> Generator[None]:
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    original = stream.errors
    stream.reconfigure(errors=_ENCODING_ERRORS)
    try:
        yield
    finally:
        stream.reconfigure(errors=original)


def _replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Return the escapes of the characters that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return escape_for_json(error.object[error.start : error.end]), error.end


codecs.register_error(_ENCODING_ERRORS, _replace_unencodable)


def write(text: str, *, commands: bool = False) -> None:
    """Write lines to stdout and flush it.

    Args:
        text: the lines.
        commands: whether to keep commands to a CI server, because no app wrote them.

    Raises:
        OutputClosedError: the reader closed the pipe.
    """
    _write_stdout(visible(text) if commands else escape(text))


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON to stdout.

    Raises:
        OutputClosedError: the reader closed the pipe.
    """
    _write_stdout(f"{to_json(value, indent=indent)}\n")


def write_rendered(text: str) -> None:
    """Write lines of escaped text with styles of the terminal, and flush stdout.

    Raises:
        OutputClosedError: the reader closed the pipe.
    """
    _write_stdout(escape_commands(text))


class ResultWriter:
    """Writes the results of calls to stdout.

    A terminal and the log of a CI server get escaped text; the log gets complete lines only. A
    file, and a pipe outside CI, get the exact text.

    Args:
        raw: whether a terminal and a log get the exact text too.
    """

    def __init__(self, *, raw: bool = False) -> None:
        self._kind: Literal["exact", "terminal", "log"] = "exact" if raw else _stdout_kind()
        self._last_character = ""
        self._line: list[str] = []

    def write(self, text: str) -> None:
        """Write a part of a result and flush it; in a log, once its line is complete.

        Raises:
            OutputClosedError: the reader closed the pipe.
        """
        if self._kind == "exact":
            _write_stdout(text)
        elif self._kind == "terminal":
            _write_stdout(visible(text, self._last_character))
            self._last_character = text[-1:] or self._last_character
        else:
            lines, newline, unfinished = text.rpartition("\n")
            if newline:
                _write_stdout(escape(f"{''.join(self._line)}{lines}\n"))
                self._line.clear()
            self._line.append(unfinished)


def write_message(text: str) -> None:
    """Write a message to stderr, and end its line."""
    stream = stderr()
    stream.write(f"{escape(text)}\n")
    stream.flush()


def write_traceback(error: BaseException) -> None:
    """Write an unexpected error with its traceback to stderr."""
    write_message("".join(traceback.format_exception(error)).rstrip("\n"))


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON that is safe to show; NaN and infinities become null.

    Without `indent` it is a single line, even for readers that break lines at U+2028.
    """
    return visible_json(json.dumps(_finite(value), ensure_ascii=False, indent=indent))


def prompt_password(prompt: str) -> str:
    """Ask for a password on the terminal, without showing it."""
    return getpass.getpass(escape(prompt), stderr())


def stdin_is_terminal() -> bool:
    """Tell whether stdin is a terminal."""
    return sys.stdin.isatty()


def stdout_is_terminal() -> bool:
    """Tell whether stdout is a terminal."""
    return stdout().isatty()


def stderr_is_terminal() -> bool:
    """Tell whether stderr is a terminal."""
    return stderr().isatty()


def display_path(path: Path) -> str:
    """Return a path relative to the current folder, if it is inside that folder."""
    folder = Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def flush() -> None:
    """Flush stdout, before another process writes to it."""
    stdout().flush()


def discard_stdout() -> None:
    """Redirect stdout to the null device, so that its buffer can be flushed without an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout().fileno())


def discard_closed_terminal() -> None:
    """Redirect stdout and stderr to the null device if they are a terminal that is gone.

    Every write to it would be an error.
    """
    for stream in (stdout(), stderr()):
        with suppress(OSError, ValueError):
            descriptor = stream.fileno()
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def escape(text: str) -> str:
    """Return a text that can control neither a terminal nor a CI server."""
    return escape_commands(visible(text))


def _write_stdout(text: str) -> None:
    stream = stdout()
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise OutputClosedError from error


def stdout() -> TextIO:
    """Return stdout, which does not escape what it gets."""
    return _unwrap(sys.stdout)


def stderr() -> TextIO:
    """Return stderr, which does not escape what it gets."""
    return _unwrap(sys.stderr)


def _unwrap(stream: TextIO) -> TextIO:
    return stream.stream if isinstance(stream, _EscapingStream) else stream


def _stdout_kind() -> Literal["exact", "terminal", "log"]:
    in_ci = any(os.environ.get(name) for name in _CI_VARIABLES)
    if in_ci and not _stdout_is_file():
        return "log"
    return "terminal" if stdout_is_terminal() else "exact"


def _stdout_is_file() -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISREG(os.fstat(stdout().fileno()).st_mode)
    return False


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in cast("Sequence[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
