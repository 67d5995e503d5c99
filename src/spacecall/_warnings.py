"""The warnings of the package."""

from __future__ import annotations

import inspect
import warnings
from types import FrameType
from typing import Any, Final, NamedTuple

from spacecall._visible import escape_commands, visible_line

__all__ = [
    "CodeLocation",
    "CutReplyWarning",
    "FileSuffixWarning",
    "NewerProtocolWarning",
    "SchemaDriftWarning",
    "VisibleWarning",
    "find_caller",
    "is_user_code",
    "warn_at",
]

_INTERNAL: Final = frozenset(
    {"spacecall", "anyio", "asyncio", "trio", "concurrent", "threading", "contextlib"}
)
"""Packages whose lines a warning does not show: the user has not written them."""


class VisibleWarning(UserWarning):
    """A warning with text from an app, which is escaped since Python prints it."""

    def __str__(self) -> str:
        return escape_commands(visible_line(super().__str__()))


class SchemaDriftWarning(VisibleWarning):
    """The app differs from the schema of the typed client; the call is made anyway."""


class NewerProtocolWarning(VisibleWarning):
    """The app announces a newer protocol version; it is called with the newest known one."""


class CutReplyWarning(VisibleWarning):
    """The limit of tokens, or a filter of the service, ended an answer: it is not complete."""


class FileSuffixWarning(VisibleWarning):
    """A file was saved under a name with the suffix of another type, such as WebP as `out.png`."""


class CodeLocation(NamedTuple):
    """A line of the user's program.

    Attributes:
        filename: the file.
        line: the line's number, from 1.
        module: the module's name, for filters of warnings.
        registry: the warnings that Python has shown for this module.
    """

    filename: str
    line: int
    module: str
    registry: dict[Any, Any]


def find_caller(client: object = None) -> CodeLocation | None:
    """Return the line of the user's program that runs now; None in a thread without one.

    Args:
        client: its own methods are not the user's program: a generated client's.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if is_user_code(frame) and (client is None or frame.f_locals.get("self") is not client):
            module = str(frame.f_globals.get("__name__", ""))
            registry = frame.f_globals.setdefault("__warningregistry__", {})
            return CodeLocation(frame.f_code.co_filename, frame.f_lineno, module, registry)
        frame = frame.f_back
    return None


def is_user_code(frame: FrameType) -> bool:
    """Return whether a frame is neither of this package nor of what runs its code."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] not in _INTERNAL


def warn_at(location: CodeLocation | None, text: str, category: type[Warning]) -> None:
    """Warn of a line of the user's program; of this one without a location."""
    if location is None:
        warnings.warn(text, category, stacklevel=2)
    else:
        filename, line, module, registry = location
        warnings.warn_explicit(text, category, filename, line, module, registry)
