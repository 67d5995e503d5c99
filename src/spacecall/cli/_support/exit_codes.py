"""The exit codes of the commands, and the exit code and message of each error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spacecall._core.auth_hints import ACTING_FOR_A_USER, AUTH_HINTS
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

__all__ = [
    "CHECK_EPILOG",
    "MEANINGS",
    "OutputClosedError",
    "exit_code_for",
    "format_epilog",
    "format_error",
]

DONE: Final = 0
FAILED: Final = 1
USAGE_ERROR: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
TIMED_OUT: Final = 5
INTERRUPTED: Final = 130
OUTPUT_CLOSED: Final = 141
TERMINATED: Final = 143

MEANINGS: Mapping[int, str] = {
    DONE: "success",
    FAILED: "the app failed (--jsonl: at least one call); check: drift",
    USAGE_ERROR: "usage error, or invalid input",
    UNREACHABLE: "the app cannot be reached, or is not a Gradio app",
    REFUSED: "a login or a token is missing or wrong",
    TIMED_OUT: "timeout",
    INTERRUPTED: "interrupted (Ctrl-C)",
    OUTPUT_CLOSED: "output pipe closed (SIGPIPE)",
    TERMINATED: "terminated (SIGTERM)",
}
"""What each exit code means. `check` has its own meanings: see `CHECK_EPILOG`."""

_ACTING_FOR_A_USER = ": add --oauth-token, or set SPACECALL_OAUTH_TOKEN (Gradio 6.21 or later)"
_LOGIN_HINT = (
    "set SPACECALL_USERNAME and SPACECALL_PASSWORD for an app with a login, HF_TOKEN for a "
    "private Space"
)


class OutputClosedError(Exception):
    """The reader of stdout closed the pipe."""


def exit_code_for(error: Exception) -> int:
    """Return the exit code of an error."""
    match error:
        case OutputClosedError():
            return OUTPUT_CLOSED
        case AuthError():
            return REFUSED
        case DeadlineError():
            return TIMED_OUT
        case InvalidInputError() | SchemaError() | ConfigurationError():
            return USAGE_ERROR
        case NotFoundError(status=None):  # a name that the app does not have
            return USAGE_ERROR
        case CassetteMissError() | SecretFoundError():
            return FAILED
        case CassetteError():
            return USAGE_ERROR
        case JobLostError() | StatusError():
            return UNREACHABLE
        case _JobError() | SchemaDriftError():
            return FAILED
        case SpaceError():
            return UNREACHABLE
        case _:
            return FAILED


def format_error(error: Exception) -> str:
    """Return the message of an error for users of the command.

    It does not name the endpoint, which is on the command line, and replaces hints about the
    Python API by those about variables of the environment.
    """
    if not isinstance(error, SpaceError):
        filename = getattr(error, "filename", None)
        parts = [str(filename) if filename else "", getattr(error, "strerror", None) or ""]
        return ": ".join(filter(None, parts)) or str(error) or type(error).__name__
    if isinstance(error, AppError):
        title = "" if error.title in (None, "", "Error") else f"{error.title}: "
        return f"the app failed: {title}{error.message}"
    message = error.message.replace(ACTING_FOR_A_USER, _ACTING_FOR_A_USER)
    for auth_hint in AUTH_HINTS:
        message = message.replace(auth_hint, "")
    space = f" [{error.space}]" if error.space and not error.endpoint else ""
    needs_login = any(auth_hint in error.message for auth_hint in AUTH_HINTS)
    hint = f"\n{_LOGIN_HINT}" if needs_login else ""
    return f"{message or type(error).__name__}{space}{hint}"


CHECK_EPILOG: Final = (
    "\b\nExit codes:\n"
    "  0  no finding reaches the threshold\n"
    "  1  drift\n"
    "  2  usage error, or invalid input\n"
    "  3  an app could not be checked (asleep, unreachable, 401, 429, not a\n"
    "     Gradio app), and no other app drifted"
)
"""The exit codes at the end of the help of `check`."""


def format_epilog(*codes: int) -> str:
    """Return the exit codes for the end of a command's help; by default all."""
    lines = [f"{code:>3}  {MEANINGS[code]}" for code in codes or MEANINGS]
    return "\b\nExit codes:\n" + "\n".join(lines)
