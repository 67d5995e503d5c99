"""Compare the app that a client was generated from with the live app.

Nothing here does I/O: the pinned side is a schema folder, the live side is documents that the
caller has fetched.
"""

from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.app_comparison import compare_apps
from spacecall.codegen._drift.app_model import Access, AppModel
from spacecall.codegen._drift.app_model_reader import read_live_app, read_pinned_app
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Location, Severity
from spacecall.codegen._drift.policy import (
    THRESHOLDS,
    Ignore,
    Policy,
    PolicyError,
    Threshold,
    Verdict,
    read_policy,
)
from spacecall.codegen._drift.report import Report, create_report, exit_code, unchecked_report
from spacecall.codegen._drift.report_formats import FORMATS, Format, render_reports
from spacecall.codegen._drift.rule import Rule

__all__ = [
    "FORMATS",
    "RULES",
    "SEVERITIES",
    "THRESHOLDS",
    "Access",
    "AppModel",
    "Finding",
    "Format",
    "Ignore",
    "Location",
    "Policy",
    "PolicyError",
    "Report",
    "Rule",
    "Severity",
    "Threshold",
    "Verdict",
    "compare_apps",
    "create_report",
    "exit_code",
    "read_live_app",
    "read_pinned_app",
    "read_policy",
    "render_reports",
    "unchecked_report",
]
