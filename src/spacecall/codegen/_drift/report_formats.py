"""Write reports as text, JSON and Markdown, without colours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from spacecall._visible import visible_json, visible_line
from spacecall.codegen._drift.ci_formats import github_commands, junit_xml
from spacecall.codegen._drift.findings import Finding
from spacecall.codegen._drift.report import Report, count_findings, exit_code

__all__ = ["FORMATS", "Format", "render_reports"]

Format: TypeAlias = Literal["text", "json", "markdown", "github", "junit"]
"""The format of a report."""

FORMATS: tuple[Format, ...] = get_args(Format)
"""All formats."""


def render_reports(reports: Sequence[Report], form: Format = "text") -> str:
    """Write the reports as one document, which ends with a line break unless it is empty."""
    return _WRITERS[form](reports)


def plain_text(reports: Sequence[Report]) -> str:
    """Write one line for each finding, for people."""
    lines: list[str] = []
    for report in reports:
        lines.append(_headline(report))
        for finding in report.verdict.findings:
            lines.append(
                f"  {finding.severity:7}  {finding.rule}  {visible_line(finding.sentence)}"
            )
            lines += [
                f"           {location}" for location in [_format_location(finding)] if location
            ]
        for finding, entry in report.verdict.ignored:
            reason = visible_line(f"{entry.reason} (until {entry.until})")
            lines.append(f"  ignored  {finding.rule}  {visible_line(finding.sentence)}: {reason}")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def json_document(reports: Sequence[Report]) -> str:
    """Write the document that `schemas/drift-report.schema.json` describes."""
    document = {
        "version": 1,
        "exit_code": exit_code(reports),
        "reports": [
            {
                "name": report.name,
                "source": report.source,
                "status": report.status,
                "reason": report.reason or None,
                "fail_on": report.fail_on,
                "gradio": {
                    "pinned": report.pinned_gradio or None,
                    "live": report.live_gradio or None,
                },
                "counts": count_findings(report.verdict),
                "findings": [_finding_json(finding) for finding in report.verdict.findings],
                "ignored": [
                    {
                        **_finding_json(finding),
                        "reason": entry.reason,
                        "until": entry.until.isoformat(),
                    }
                    for finding, entry in report.verdict.ignored
                ],
            }
            for report in reports
        ],
    }
    # ASCII, so that a terminal shows nothing that an app made invisible
    return f"{visible_json(json.dumps(document, indent=2))}\n"


def markdown(reports: Sequence[Report]) -> str:
    """Write headings and tables, for a pull request or the summary of a workflow."""
    parts: list[str] = []
    for report in reports:
        parts += [
            f"### {_escape_cell(report.name)}",
            _escape_cell(_headline(report, with_name=False)),
        ]
        if report.verdict.findings:
            rows = ["| severity | rule | endpoint | what changed |", "|---|---|---|---|"]
            rows += [
                f"| {finding.severity} | `{finding.rule}` | {_escape_cell(finding.endpoint)} "
                f"| {_escape_cell(finding.message)} |"
                for finding in report.verdict.findings
            ]
            parts.append("\n".join(rows))
        if report.verdict.ignored:
            parts.append(
                "\n".join(
                    f"- ignored until {entry.until}: `{finding.rule}`, "
                    f"{_escape_cell(finding.sentence)} ({_escape_cell(entry.reason)})"
                    for finding, entry in report.verdict.ignored
                )
            )
    return "".join(f"{part}\n\n" for part in parts).rstrip("\n") + ("\n" if parts else "")


def _finding_json(finding: Finding) -> dict[str, Any]:
    location = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "endpoint": finding.endpoint or None,
        "subject": finding.subject or None,
        "message": finding.message,
        "before": finding.before,
        "after": finding.after,
        "where": {
            "file": location.file or None,
            "line": location.line or None,
            "pointer": location.pointer,
        },
    }


def _headline(report: Report, *, with_name: bool = True) -> str:
    gradio = dict.fromkeys(
        visible_line(version) for version in (report.pinned_gradio, report.live_gradio) if version
    )
    versions = " -> ".join(gradio)
    notes = [visible_line(report.source), f"Gradio {versions}" if versions else ""]
    about = ", ".join(note for note in notes if note)
    title = visible_line(report.name) if with_name else ""
    head = f"{title} ({about})" if title and about else title or about
    return f"{head}: {_outcome(report)}" if head else _outcome(report)


def _outcome(report: Report) -> str:
    if report.status == "unchecked":
        return f"could not be checked: {visible_line(report.reason)}"
    numbers = [
        f"{number} {kind if kind in ('info', 'ignored') or number == 1 else f'{kind}s'}"
        for kind, number in count_findings(report.verdict).items()
        if number
    ]
    return ", ".join(numbers) or "no drift"


def _format_location(finding: Finding) -> str:
    location = finding.location
    line = f":{location.line}" if location.line else ""
    return visible_line(f"{location.file}{line}" if location.file else "")


def _escape_cell(text: str) -> str:
    """Escape a text for one cell of a Markdown table."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&@])", r"\\\1", visible_line(text))


_WRITERS: Mapping[Format, Callable[[Sequence[Report]], str]] = {
    "text": plain_text,
    "json": json_document,
    "markdown": markdown,
    "github": github_commands,
    "junit": junit_xml,
}
