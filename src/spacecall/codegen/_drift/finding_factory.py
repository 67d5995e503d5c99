"""Create findings about one endpoint, or about the app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.findings import Finding, Location

__all__ = ["FindingFactory"]


@dataclass(frozen=True, slots=True)
class FindingFactory:
    """Creates findings, each with the severity of its rule.

    Attributes:
        endpoint: the name of the endpoint; empty for the app as a whole.
    """

    endpoint: str = ""

    def __call__(
        self,
        rule: str,
        subject: str,
        location: Location,
        message: str,
        before: Any = None,
        after: Any = None,
    ) -> Finding:
        """Create a finding."""
        severity = RULES[rule].severity
        return Finding(rule, severity, self.endpoint, subject, location, message, before, after)
