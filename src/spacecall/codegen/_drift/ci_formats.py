"""Reports as GitHub workflow commands and as JUnit's XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from spacecall._visible import escape_commands, visible, visible_line
from spacecall.codegen._drift.findings import Finding, Severity
from spacecall.codegen._drift.report import Report

__all__ = ["as_github", "as_junit"]

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_UNXML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_github(reports: Sequence[Report]) -> str:
    """Annotations that point at the schema folder's files."""
    lines: list[str] = []
    for one in reports:
        for finding in one.verdict.findings:
            place = finding.place
            about = {
                "file": place.file,
                "line": str(place.line) if place.file and place.line else "",
                "title": f"{one.name}: {finding.rule}",
            }
            lines.append(_command(_COMMANDS[finding.severity], about, finding.sentence))
        if one.status == "unchecked":
            about = {"title": f"{one.name} could not be checked"}
            lines.append(_command("error", about, one.reason))
    return "".join(f"{line}\n" for line in lines)


def as_junit(reports: Sequence[Report]) -> str:
    """One suite a client; what reaches the threshold fails, an unchecked app is an error."""
    suites = [_suite(one) for one in reports]
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>", ""]
    )


def _command(name: str, about: dict[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in about.items() if value)
    return f"::{name} {given}::{_data(message)}"


def _data(text: str) -> str:
    line = escape_commands(visible_line(text))
    return line.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _suite(report: Report) -> str:
    cases = [_case(report, finding) for finding in report.verdict.findings]
    cases += [
        f"    <testcase classname={_attribute(report.name)} "
        f"name={_attribute(_title(finding))}>"
        f"<skipped message={_attribute(f'{entry.reason} (until {entry.until})')}/></testcase>"
        for finding, entry in report.verdict.ignored
    ]
    if report.status == "unchecked":
        cases.append(
            f'    <testcase classname={_attribute(report.name)} name="check">'
            f"<error message={_attribute(report.reason)}/></testcase>"
        )
    if not cases:
        cases.append(f'    <testcase classname={_attribute(report.name)} name="check"/>')
    failures = sum(_fails(report, finding) for finding in report.verdict.findings)
    errors = int(report.status == "unchecked")
    head = (
        f'  <testsuite name={_attribute(report.name)} tests="{len(cases)}" failures="{failures}" '
        f'errors="{errors}" skipped="{len(report.verdict.ignored)}">'
    )
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(report: Report, finding: Finding) -> str:
    place = finding.place
    where = f"{place.file}:{place.line} {place.pointer}" if place.file else ""
    body = escape(_xml(f"{finding.sentence}\n{where}".strip()))
    head = f"    <testcase classname={_attribute(report.name)} name={_attribute(_title(finding))}>"
    if not _fails(report, finding):
        return f"{head}<system-out>{body}</system-out></testcase>"
    kind = f"type={_attribute(finding.severity)} message={_attribute(finding.message)}"
    return f"{head}<failure {kind}>{body}</failure></testcase>"


def _fails(report: Report, finding: Finding) -> bool:
    ranks = {"error": 0, "warning": 1, "info": 2, "any": 3}
    return ranks[finding.severity] <= ranks[report.fail_on]


def _title(finding: Finding) -> str:
    return " ".join(part for part in (finding.rule, finding.endpoint, finding.subject) if part)


def _attribute(text: str) -> str:
    return quoteattr(visible_line(_xml(text)))


def _xml(text: str) -> str:
    """Safe to show, and without what XML cannot hold even escaped."""
    return escape_commands(_UNXML.sub("\ufffd", visible(text)))
