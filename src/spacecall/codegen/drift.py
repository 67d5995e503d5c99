"""Whether a live app still is what its client was generated from.

Pure: the pinned side comes from a schema folder, the live one from documents that somebody fetched.
"""

from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.app_comparison import compare
from spacecall.codegen._drift.app_model import Access, App
from spacecall.codegen._drift.app_model_reader import live, pinned
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Place, Severity
from spacecall.codegen._drift.policy import (
    THRESHOLDS,
    Ignore,
    Policy,
    PolicyError,
    Threshold,
    Verdict,
    read_policy,
)
from spacecall.codegen._drift.report import Report, check, exit_code, unchecked
from spacecall.codegen._drift.report_formats import FORMATS, Format, render
from spacecall.codegen._drift.rule import Rule

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
