"""The result of a check, of one client or of many, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from spacecall.codegen._drift.app_comparison import compare_apps
from spacecall.codegen._drift.app_model import Access, AppModel
from spacecall.codegen._drift.findings import Finding
from spacecall.codegen._drift.policy import Policy, Verdict
from spacecall.codegen._drift.source_lines import locate_findings

__all__ = ["Report", "Status", "count_findings", "create_report", "exit_code", "unchecked_report"]

Status: TypeAlias = Literal["clean", "drift", "unchecked"]
"""clean: no finding at the threshold; drift: there is one; unchecked: the app could not be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking one client.

    Attributes:
        name: the client's name.
        source: the live app's Space id or address, or a folder.
        status: the outcome.
        pinned_gradio: the Gradio version of the pinned side; empty if it is not known.
        live_gradio: the Gradio version of the live side; empty if it is not known.
        verdict: the findings.
        reason: why the app could not be checked.
        fail_on: the threshold for failure.
    """

    name: str
    source: str
    status: Status
    pinned_gradio: str
    live_gradio: str
    verdict: Verdict
    reason: str = ""
    fail_on: str = "error"


def create_report(
    name: str,
    source: str,
    pinned: AppModel,
    live: AppModel,
    policy: Policy,
    *,
    today: date,
    folder: Path | None = None,
    display_folder: Path | None = None,
) -> Report:
    """Compare a client with its app, apply the policy, and add paths and lines to the findings.

    Args:
        name: the client's name.
        source: the live app's Space id or address, or a folder.
        pinned: the app that the client was generated from.
        live: the app now, or another schema folder.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.
        folder: the pinned schema folder, for paths and lines; None leaves bare file names.
        display_folder: the folder's path in the report; by default `folder`.
    """
    findings: Sequence[Finding] = compare_apps(pinned, live)
    if folder is not None:
        findings = locate_findings(findings, folder, display_folder or folder)
    verdict = policy.judge(name, findings, today)
    status: Status = "drift" if verdict.failed else "clean"
    versions = pinned.gradio, live.gradio
    return Report(name, source, status, *versions, verdict, fail_on=policy.fail_on)


def unchecked_report(
    name: str,
    source: str,
    reason: str,
    policy: Policy,
    *,
    today: date,
    pinned: AppModel | None = None,
    access: Access | None = None,
) -> Report:
    """Create the report of a client whose app could not be read.

    Args:
        name: the client's name.
        source: the app's Space id or address, or a folder.
        reason: why it could not be read: asleep, unreachable, 401, 429, not a Gradio app.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.
        pinned: the app that the client was generated from; None if it could not be read.
        access: the credentials that the app requires, if it refused for lack of them; a finding if
            it was open before.
    """
    findings = compare_apps(pinned, replace(pinned, access=access)) if pinned and access else []
    return Report(
        name,
        source,
        "unchecked",
        pinned.gradio if pinned else "",
        "",
        policy.judge(name, findings, today),
        reason=reason,
        fail_on=policy.fail_on,
    )


def exit_code(reports: Sequence[Report]) -> int:
    """Return the exit code of a check.

    0: no finding reaches the threshold; 1: drift; 3: an app could not be checked, and no other
    drifted. The command line uses 2 for wrong usage, where there are no reports.
    """
    states = {report.status for report in reports}
    return 1 if "drift" in states else 3 if "unchecked" in states else 0


def count_findings(verdict: Verdict) -> dict[str, int]:
    """Count the findings by severity, and the ignored ones."""
    severities = [finding.severity for finding in verdict.findings]
    numbers = {severity: severities.count(severity) for severity in ("error", "warning", "info")}
    return {**numbers, "ignored": len(verdict.ignored)}
