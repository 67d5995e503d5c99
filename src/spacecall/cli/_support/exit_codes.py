"""What the command's exit codes mean, and which one an error has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from spacecall.cassettes.errors import CassetteError, CassetteMissError, SecretFoundError
from spacecall.codegen._project.configuration import ConfigurationError
from spacecall.codegen._schemas.schema_folder import SchemaError
from spacecall.errors import (
    AppError,
    AuthError,
    DeadlineError,
    InvalidInputError,
    JobLostError,
    NotFoundError,
    SchemaDriftError,
    SpaceError,
    StatusError,
)
from spacecall.errors import JobError as _JobError

__all__ = ["CHECKING", "MEANINGS", "ReaderGoneError", "epilog", "message_of", "status_of"]

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
TIMED_OUT: Final = 5
INTERRUPTED: Final = 130
READER_GONE: Final = 141
TERMINATED: Final = 143

MEANINGS: Mapping[int, str] = {
    DONE: "done",
    FAILED: "the app failed (of --jsonl: any of the calls); check: drift",
    WRONG_USE: "wrong use, or input that does not fit",
    UNREACHABLE: "the app could not be reached, or is no Gradio app",
    REFUSED: "a login or a token is missing or wrong",
    TIMED_OUT: "a timeout passed",
    INTERRUPTED: "interrupted with Ctrl-C",
    READER_GONE: "the reader of the output went away",
    TERMINATED: "told to end (SIGTERM)",
}
"""The exit codes of all commands; one that means something else says so itself."""

_LOGIN = (
    "set SPACECALL_USERNAME and SPACECALL_PASSWORD for an app with a login, HF_TOKEN for a "
    "private Space"
)
# How the library's messages say it to Python callers.
_PYTHON_HINT = re.compile(r"[:.] give auth=.*", re.IGNORECASE)


class ReaderGoneError(Exception):
    """Nobody reads what is written to stdout any more."""


def status_of(error: Exception) -> int:
    """The exit code of an error."""
    match error:
        case ReaderGoneError():
            return READER_GONE
        case AuthError():
            return REFUSED
        case DeadlineError():
            return TIMED_OUT
        case InvalidInputError() | SchemaError() | ConfigurationError():
            return WRONG_USE
        case NotFoundError(status=None):  # a name that the app does not have
            return WRONG_USE
        case CassetteMissError() | SecretFoundError():
            return FAILED
        case CassetteError():
            return WRONG_USE
        case JobLostError() | StatusError():
            return UNREACHABLE
        case _JobError() | SchemaDriftError():
            return FAILED
        case SpaceError():
            return UNREACHABLE
        case _:
            return FAILED


def message_of(error: Exception) -> str:
    """What to tell about an error; the endpoint is not named, since the user did."""
    if not isinstance(error, SpaceError):
        filename = getattr(error, "filename", None)
        parts = [str(filename) if filename else "", getattr(error, "strerror", None) or ""]
        return ": ".join(filter(None, parts)) or str(error) or type(error).__name__
    said, python_hints = _PYTHON_HINT.subn("", error.message)
    if isinstance(error, AppError):
        title = "" if error.title in (None, "", "Error") else f"{error.title}: "
        return f"the app failed: {title}{error.message}"
    place = f" [{error.space}]" if error.space and not error.endpoint else ""
    hint = f"\n{_LOGIN}" if python_hints else ""
    return f"{said or type(error).__name__}{place}{hint}"


CHECKING: Final = (
    "\b\nExit codes:\n"
    "  0  nothing that reaches the threshold\n"
    "  1  drift\n"
    "  2  wrong use\n"
    "  3  an app could not be checked (asleep, unreachable, 401, 429, no Gradio\n"
    "     app), and no other drifted"
)
"""The end of the help of `check`."""


def epilog(*codes: int) -> str:
    """The end of a command's help: its exit codes, by default all."""
    lines = [f"{code:>3}  {MEANINGS[code]}" for code in codes or MEANINGS]
    return "\b\nExit codes:\n" + "\n".join(lines)
