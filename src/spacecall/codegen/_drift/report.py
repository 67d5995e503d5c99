"""The outcome of a check, of one client or of many, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from spacecall.codegen._drift.app_comparison import compare
from spacecall.codegen._drift.app_model import Access, App
from spacecall.codegen._drift.findings import Finding
from spacecall.codegen._drift.policy import Policy, Verdict
from spacecall.codegen._drift.source_lines import located

__all__ = ["Report", "Status", "check", "counts", "exit_code", "unchecked"]

Status: TypeAlias = Literal["clean", "drift", "unchecked"]
"""clean: nothing at the threshold; unchecked: nothing is known of the live app."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check of one client gave.

    Attributes:
        name: of the client.
        source: what the live side was.
        status: the outcome.
        pinned: Gradio's version then; empty where unknown.
        live: Gradio's version now; empty where unknown.
        verdict: the findings.
        reason: why it could not be checked.
        fail_on: the threshold.
    """

    name: str
    source: str
    status: Status
    pinned: str
    live: str
    verdict: Verdict
    reason: str = ""
    fail_on: str = "error"


def check(
    name: str,
    source: str,
    pinned: App,
    live: App,
    policy: Policy,
    *,
    today: date,
    folder: Path | None = None,
    root: Path | None = None,
) -> Report:
    """Compare, judge, and find the lines.

    Args:
        name: of the client.
        source: what the live side is, for people.
        pinned: what the client was generated from.
        live: the app now, or another saved folder.
        policy: the project's.
        today: ends what is ignored until a day.
        folder: the pinned schema folder, for paths and lines; None leaves bare file names.
        root: what paths are written relative to; by default the current folder.
    """
    findings: Sequence[Finding] = compare(pinned, live)
    if folder is not None:
        findings = located(findings, folder, root or Path())
    verdict = policy.judge(name, findings, today)
    status: Status = "drift" if verdict.failed else "clean"
    versions = pinned.gradio, live.gradio
    return Report(name, source, status, *versions, verdict, fail_on=policy.fail_on)


def unchecked(
    name: str,
    source: str,
    reason: str,
    policy: Policy,
    *,
    today: date,
    pinned: App | None = None,
    access: Access | None = None,
) -> Report:
    """The report of a client whose app could not be asked.

    Args:
        name: of the client.
        source: what the live side should have been.
        reason: why it could not be read: asleep, unreachable, 401, 429, not a Gradio app.
        policy: the project's.
        today: ends what is ignored until a day.
        pinned: what the client was generated from, if that could be read.
        access: what the app wants, if it refused for that: a finding where it was open before.
    """
    findings = compare(pinned, replace(pinned, access=access)) if pinned and access else []
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
    """0: nothing at the threshold; 1: drift; 3: an app could not be checked, and no other drifted.

    2 is for wrong use, which gives no reports.
    """
    states = {one.status for one in reports}
    return 1 if "drift" in states else 3 if "unchecked" in states else 0


def counts(verdict: Verdict) -> dict[str, int]:
    """How many findings there are of each severity, and ignored ones."""
    found = [one.severity for one in verdict.findings]
    numbers = {severity: found.count(severity) for severity in ("error", "warning", "info")}
    return {**numbers, "ignored": len(verdict.ignored)}
