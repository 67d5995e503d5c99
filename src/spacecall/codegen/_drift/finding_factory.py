"""Findings of one endpoint, or of the app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.findings import Finding, Place

__all__ = ["Maker"]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes findings with their rule's severity.

    Attributes:
        endpoint: that they are about; empty for the app.
    """

    endpoint: str = ""

    def __call__(
        self,
        rule: str,
        subject: str,
        place: Place,
        message: str,
        before: Any = None,
        after: Any = None,
    ) -> Finding:
        """A finding."""
        severity = RULES[rule].severity
        return Finding(rule, severity, self.endpoint, subject, place, message, before, after)
