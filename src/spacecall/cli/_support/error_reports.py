"""The exit code and the message of each error."""

from __future__ import annotations

from typing import Final

from spacecall._core.auth_hints import (
    ACTING_FOR_A_USER,
    AUTH_HINTS,
    FOR_A_SERVICE,
    FOR_INFERENCE,
)
from spacecall._io.tls import MISSING_CERTIFICATE_REMEDY, UNTRUSTED_REMEDY
from spacecall.cassettes.errors import CassetteError, CassetteMissError, SecretFoundError
from spacecall.cli._outputs.terminal import write_message
from spacecall.cli._support.exit_codes import (
    FAILED,
    OUTPUT_CLOSED,
    REFUSED,
    TIMED_OUT,
    UNREACHABLE,
    USAGE_ERROR,
    OutputClosedError,
)
from spacecall.codegen._codegen_errors import ConfigurationError, SchemaError
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

__all__ = ["EXPECTED_ERRORS", "exit_code_for", "format_error", "write_error"]

EXPECTED_ERRORS: Final = (SpaceError, SchemaError, ConfigurationError, OSError)
"""Errors whose message is enough. Any other one is a bug, and is shown with its traceback."""

_COMMAND_HINTS: Final = {
    ACTING_FOR_A_USER: ": add --oauth-token, or set SPACECALL_OAUTH_TOKEN (Gradio 6.21 or later)",
    FOR_INFERENCE: "set HF_TOKEN",
    FOR_A_SERVICE: "add --header 'Authorization: Bearer …'; HF_TOKEN is not sent there",
    UNTRUSTED_REMEDY: "trust its authority with --ca-file or SSL_CERT_FILE",
    MISSING_CERTIFICATE_REMEDY: "add --cert",
}
_LOGIN_HINT = (
    "set SPACECALL_USERNAME and SPACECALL_PASSWORD for an app with a login, HF_TOKEN for a "
    "private Space"
)


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
    Python API by those about options and variables of the environment.
    """
    if not isinstance(error, SpaceError):
        filename = getattr(error, "filename", None)
        parts = [str(filename) if filename else "", getattr(error, "strerror", None) or ""]
        return ": ".join(filter(None, parts)) or str(error) or type(error).__name__
    if isinstance(error, AppError):
        title = "" if error.title in (None, "", "Error") else f"{error.title}: "
        return f"the app failed: {title}{error.message}"
    message = error.message
    for python_hint, command_hint in _COMMAND_HINTS.items():
        message = message.replace(python_hint, command_hint)
    for auth_hint in AUTH_HINTS:
        message = message.replace(auth_hint, "")
    space = f" [{error.space}]" if error.space and not error.endpoint else ""
    needs_login = any(auth_hint in error.message for auth_hint in AUTH_HINTS)
    hint = f"\n{_LOGIN_HINT}" if needs_login else ""
    return f"{message or type(error).__name__}{space}{hint}"


def write_error(error: Exception, client: str = "") -> None:
    """Write the message of an error to stderr.

    Args:
        error: the error.
        client: the name of the client that it concerns; empty for the whole command.
    """
    write_message(f"spacecall: {f'{client}: ' if client else ''}{format_error(error)}")
