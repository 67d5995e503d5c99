"""The description of a kind of drift."""

from __future__ import annotations

from dataclasses import dataclass

from spacecall.codegen._drift.findings import Severity

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of drift.

    Attributes:
        id: in kebab case; stable, also when the texts change.
        severity: the default, which a project's configuration may replace.
        title: what changed, in a few words.
        explanation: what it means for callers.
        example: a change of an app that the rule reports.
        remedy: what to do about it.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    example: str
    remedy: str
