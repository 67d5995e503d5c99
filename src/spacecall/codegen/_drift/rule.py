"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass

from spacecall.codegen._drift.findings import Severity

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of drift.

    Attributes:
        id: in kebab case; it stays when its texts change.
        severity: unless the project's configuration says otherwise.
        title: what happened, in a few words.
        explanation: why it matters to a caller, or does not.
        example: a change of an app that it fires for.
        remedy: the way out.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    example: str
    remedy: str
