"""The exit codes of the commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "CHECK_EPILOG",
    "MEANINGS",
    "OutputClosedError",
    "format_epilog",
]

DONE: Final = 0
FAILED: Final = 1
USAGE_ERROR: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
TIMED_OUT: Final = 5
HUNG_UP: Final = 129
INTERRUPTED: Final = 130
OUTPUT_CLOSED: Final = 141
TERMINATED: Final = 143

MEANINGS: Mapping[int, str] = {
    DONE: "success",
    FAILED: "the app failed (--jsonl, map: at least one call); check: drift",
    USAGE_ERROR: "usage error, or invalid input",
    UNREACHABLE: "the app cannot be reached, or is not a Gradio app",
    REFUSED: "a login or a token is missing or wrong",
    TIMED_OUT: "timeout",
    HUNG_UP: "terminal closed (SIGHUP)",
    INTERRUPTED: "interrupted (Ctrl-C)",
    OUTPUT_CLOSED: "output pipe closed (SIGPIPE)",
    TERMINATED: "terminated (SIGTERM)",
}
"""What each exit code means. `check` has its own meanings: see `CHECK_EPILOG`."""


class OutputClosedError(Exception):
    """The reader of stdout closed the pipe."""


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
