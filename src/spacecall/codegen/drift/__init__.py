"""Whether a live app still is what its client was generated from.

Pure: the pinned side comes from a schema folder, the live one from documents that somebody fetched.
"""

from spacecall.codegen.drift.compare import compare
from spacecall.codegen.drift.findings import SEVERITIES, Finding, Place, Severity
from spacecall.codegen.drift.formats import FORMATS, Format, render
from spacecall.codegen.drift.interface import Access, App
from spacecall.codegen.drift.model import live, pinned
from spacecall.codegen.drift.policy import (
    THRESHOLDS,
    Ignore,
    Policy,
    PolicyError,
    Threshold,
    Verdict,
    read_policy,
)
from spacecall.codegen.drift.report import Report, check, exit_code, unchecked
from spacecall.codegen.drift.rule import Rule
from spacecall.codegen.drift.rules import RULES

__all__ = [
    "FORMATS",
    "RULES",
    "SEVERITIES",
    "THRESHOLDS",
    "Access",
    "App",
    "Finding",
    "Format",
    "Ignore",
    "Place",
    "Policy",
    "PolicyError",
    "Report",
    "Rule",
    "Severity",
    "Threshold",
    "Verdict",
    "check",
    "compare",
    "exit_code",
    "live",
    "pinned",
    "read_policy",
    "render",
    "unchecked",
]
