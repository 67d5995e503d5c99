"""What is warned of."""

from __future__ import annotations

from spacecall._visible import escape_commands, visible_line

__all__ = ["NewerProtocolWarning", "SchemaDriftWarning", "VisibleWarning"]


class VisibleWarning(UserWarning):
    """A warning that has texts of an app in it; Python prints it, so it is safe to show."""

    def __str__(self) -> str:
        return escape_commands(visible_line(super().__str__()))


class SchemaDriftWarning(VisibleWarning):
    """The app is not what the typed client was generated from; the call is made all the same."""


class NewerProtocolWarning(VisibleWarning):
    """The app announces a newer protocol than this version knows; it is tried all the same."""
