"""Errors of schema folders and of a project's configuration."""

from __future__ import annotations

__all__ = ["ConfigurationError", "SchemaError"]


class ConfigurationError(ValueError):
    """An invalid configuration; the message has a line for each problem, with file and key."""


class SchemaError(ValueError):
    """An invalid schema folder; the message names the file and the problem."""
