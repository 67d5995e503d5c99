"""What a comparison finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["SEVERITIES", "Finding", "Place", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "info"]
"""error: calls of the pinned client fail or mean something else; warning: some may; info: none."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the worst on."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pinned side says what changed.

    Attributes:
        file: a file of the schema folder, by its name; with the folder's path once located.
        pointer: JSON pointer into the file; empty for the whole of it.
        line: of the file, from 1 on; 0 where it is not known.
    """

    file: str
    pointer: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the pinned interface and the live one.

    Attributes:
        rule: the id of the rule that it breaks.
        severity: of the rule, or as configured.
        endpoint: `/echo`; empty for the app as a whole.
        subject: the name of the parameter, or `output 2` and the like; empty for the endpoint.
        place: where the pinned side says it.
        message: one sentence.
        before: what was pinned, as JSON; None where there was nothing.
        after: what is live, as JSON; None where there is nothing.
    """

    rule: str
    severity: Severity
    endpoint: str
    subject: str
    place: Place
    message: str
    before: Any = None
    after: Any = None

    @property
    def sentence(self) -> str:
        """The message, with the endpoint where it does not name it."""
        named = self.endpoint in self.message.split()
        return self.message if named or not self.endpoint else f"{self.endpoint}: {self.message}"
