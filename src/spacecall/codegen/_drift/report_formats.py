"""Reports as text, JSON and Markdown. No colours: what shows them adds its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from spacecall._visible import visible_json, visible_line
from spacecall.codegen._drift.ci_formats import as_github, as_junit
from spacecall.codegen._drift.findings import Finding
from spacecall.codegen._drift.report import Report, counts, exit_code

__all__ = ["FORMATS", "Format", "render"]

Format: TypeAlias = Literal["text", "json", "markdown", "github", "junit"]
"""How a report is written."""

FORMATS: tuple[Format, ...] = get_args(Format)
"""All of them."""


def render(reports: Sequence[Report], form: Format = "text") -> str:
    """The reports as one document, with a line break at its end unless it is empty."""
    return _WRITERS[form](reports)


def as_text(reports: Sequence[Report]) -> str:
    """For people, one finding a line."""
    lines: list[str] = []
    for one in reports:
        lines.append(_headline(one))
        for finding in one.verdict.findings:
            lines.append(
                f"  {finding.severity:7}  {finding.rule}  {visible_line(finding.sentence)}"
            )
            lines += [f"           {where}" for where in [_where(finding)] if where]
        for finding, entry in one.verdict.ignored:
            why = visible_line(f"{entry.reason} (until {entry.until})")
            lines.append(f"  ignored  {finding.rule}  {visible_line(finding.sentence)}: {why}")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_json(reports: Sequence[Report]) -> str:
    """As `schemas/drift-report.schema.json` says."""
    document = {
        "version": 1,
        "exit_code": exit_code(reports),
        "reports": [
            {
                "name": one.name,
                "source": one.source,
                "status": one.status,
                "reason": one.reason or None,
                "fail_on": one.fail_on,
                "gradio": {"pinned": one.pinned or None, "live": one.live or None},
                "counts": counts(one.verdict),
                "findings": [_finding(each) for each in one.verdict.findings],
                "ignored": [
                    {
                        **_finding(each),
                        "reason": entry.reason,
                        "until": entry.until.isoformat(),
                    }
                    for each, entry in one.verdict.ignored
                ],
            }
            for one in reports
        ],
    }
    # ASCII, so that a terminal shows nothing that an app made invisible
    return f"{visible_json(json.dumps(document, indent=2))}\n"


def as_markdown(reports: Sequence[Report]) -> str:
    """For a pull request or the summary of a workflow."""
    parts: list[str] = []
    for one in reports:
        parts += [f"### {_cell(one.name)}", _cell(_headline(one, named=False))]
        if one.verdict.findings:
            rows = ["| severity | rule | endpoint | what changed |", "|---|---|---|---|"]
            rows += [
                f"| {each.severity} | `{each.rule}` | {_cell(each.endpoint)} "
                f"| {_cell(each.message)} |"
                for each in one.verdict.findings
            ]
            parts.append("\n".join(rows))
        if one.verdict.ignored:
            parts.append(
                "\n".join(
                    f"- ignored until {entry.until}: `{each.rule}`, {_cell(each.sentence)} "
                    f"({_cell(entry.reason)})"
                    for each, entry in one.verdict.ignored
                )
            )
    return "".join(f"{part}\n\n" for part in parts).rstrip("\n") + ("\n" if parts else "")


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "endpoint": finding.endpoint or None,
        "subject": finding.subject or None,
        "message": finding.message,
        "before": finding.before,
        "after": finding.after,
        "where": {
            "file": place.file or None,
            "line": place.line or None,
            "pointer": place.pointer,
        },
    }


def _headline(report: Report, *, named: bool = True) -> str:
    gradio = dict.fromkeys(visible_line(one) for one in (report.pinned, report.live) if one)
    versions = " -> ".join(gradio)
    notes = [visible_line(report.source), f"Gradio {versions}" if versions else ""]
    about = ", ".join(note for note in notes if note)
    title = visible_line(report.name) if named else ""
    head = f"{title} ({about})" if title and about else title or about
    return f"{head}: {_outcome(report)}" if head else _outcome(report)


def _outcome(report: Report) -> str:
    if report.status == "unchecked":
        return f"could not be checked: {visible_line(report.reason)}"
    numbers = [
        f"{number} {kind if kind in ('info', 'ignored') or number == 1 else f'{kind}s'}"
        for kind, number in counts(report.verdict).items()
        if number
    ]
    return ", ".join(numbers) or "no drift"


def _where(finding: Finding) -> str:
    place = finding.place
    line = f":{place.line}" if place.line else ""
    return visible_line(f"{place.file}{line}" if place.file else "")


def _cell(text: str) -> str:
    """Text of an app that stays text in Markdown, on one line and in one cell."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&@])", r"\\\1", visible_line(text))


_WRITERS: Mapping[Format, Callable[[Sequence[Report]], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "github": as_github,
    "junit": as_junit,
}
