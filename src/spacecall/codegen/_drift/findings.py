"""What a comparison returns: findings, their severity, and their position in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["SEVERITIES", "Finding", "Location", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "info"]
"""error: calls of the pinned client fail or change their meaning; warning: some may; info: none."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""All severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Location:
    """A position in a file of the pinned schema folder.

    Attributes:
        file: the file's name; `locate_findings` replaces it by a path.
        pointer: JSON pointer into the file; empty for the whole file.
        line: line number from 1; 0 if it is not known.
    """

    file: str
    pointer: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the pinned interface and the live one.

    Attributes:
        rule: the id of the rule.
        severity: the rule's severity, or the one that the project configured.
        endpoint: `/echo`; empty for the app as a whole.
        subject: the name of the parameter, or `output 2` and the like; empty for the endpoint.
        location: the position of the pinned value.
        message: one sentence.
        before: the pinned value as JSON; None if there was none.
        after: the live value as JSON; None if there is none.
    """

    rule: str
    severity: Severity
    endpoint: str
    subject: str
    location: Location
    message: str
    before: Any = None
    after: Any = None

    @property
    def sentence(self) -> str:
        """The message, preceded by the endpoint's name unless it contains it."""
        mentions_endpoint = self.endpoint in self.message.split()
        return (
            self.message
            if mentions_endpoint or not self.endpoint
            else f"{self.endpoint}: {self.message}"
        )
