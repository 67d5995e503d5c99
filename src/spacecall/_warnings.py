"""The warnings of the package."""

from __future__ import annotations

from spacecall._visible import escape_commands, visible_line

__all__ = ["NewerProtocolWarning", "SchemaDriftWarning", "VisibleWarning"]


class VisibleWarning(UserWarning):
    """A warning with text from an app, which is escaped since Python prints it."""

    def __str__(self) -> str:
        return escape_commands(visible_line(super().__str__()))


class SchemaDriftWarning(VisibleWarning):
    """The app differs from the schema of the typed client; the call is made anyway."""


class NewerProtocolWarning(VisibleWarning):
    """The app announces a newer protocol version; it is called with the newest known one."""
