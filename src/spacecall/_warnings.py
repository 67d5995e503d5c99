"""What is warned of."""

from __future__ import annotations

__all__ = ["NewerProtocolWarning", "SchemaDriftWarning"]


class SchemaDriftWarning(UserWarning):
    """The app is not what the typed client was generated from; the call is made all the same."""


class NewerProtocolWarning(UserWarning):
    """The app announces a newer protocol than this version knows; it is tried all the same."""
