"""Write reports as GitHub workflow commands and as JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from spacecall._visible import escape_commands, visible, visible_line
from spacecall.codegen._drift.findings import Finding, Severity
from spacecall.codegen._drift.report import Report

__all__ = ["github_commands", "junit_xml"]

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_UNXML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def github_commands(reports: Sequence[Report]) -> str:
    """Return annotations that point at lines of the schema folder's files."""
    lines: list[str] = []
    for report in reports:
        for finding in report.verdict.findings:
            location = finding.location
            properties = {
                "file": location.file,
                "line": str(location.line) if location.file and location.line else "",
                "title": f"{report.name}: {finding.rule}",
            }
            lines.append(_command(_COMMANDS[finding.severity], properties, finding.sentence))
        if report.status == "unchecked":
            properties = {"title": f"{report.name} could not be checked"}
            lines.append(_command("error", properties, report.reason))
    return "".join(f"{line}\n" for line in lines)


def junit_xml(reports: Sequence[Report]) -> str:
    """Return a test suite for each client.

    A finding at the threshold is a failure, an app that could not be checked is an error.
    """
    suites = [_suite(report) for report in reports]
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>", ""]
    )


def _command(name: str, properties: dict[str, str], message: str) -> str:
    parameters = ",".join(
        f"{key}={_escape_property(value)}" for key, value in properties.items() if value
    )
    return f"::{name} {parameters}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    line = escape_commands(visible_line(text))
    return line.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _suite(report: Report) -> str:
    cases = [_case(report, finding) for finding in report.verdict.findings]
    cases += [
        f"    <testcase classname={_quote_attribute(report.name)} "
        f"name={_quote_attribute(_title(finding))}>"
        f"<skipped message={_quote_attribute(f'{entry.reason} (until {entry.until})')}/></testcase>"
        for finding, entry in report.verdict.ignored
    ]
    if report.status == "unchecked":
        cases.append(
            f'    <testcase classname={_quote_attribute(report.name)} name="check">'
            f"<error message={_quote_attribute(report.reason)}/></testcase>"
        )
    if not cases:
        cases.append(f'    <testcase classname={_quote_attribute(report.name)} name="check"/>')
    counts = {
        "tests": len(cases),
        "failures": sum(_is_failure(report, finding) for finding in report.verdict.findings),
        "errors": int(report.status == "unchecked"),
        "skipped": len(report.verdict.ignored),
    }
    attributes = " ".join(f'{name}="{count}"' for name, count in counts.items())
    head = f"  <testsuite name={_quote_attribute(report.name)} {attributes}>"
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(report: Report, finding: Finding) -> str:
    location = finding.location
    position = f"{location.file}:{location.line} {location.pointer}" if location.file else ""
    body = escape(_escape_xml(f"{finding.sentence}\n{position}".strip()))
    classname, name = _quote_attribute(report.name), _quote_attribute(_title(finding))
    head = f"    <testcase classname={classname} name={name}>"
    if not _is_failure(report, finding):
        return f"{head}<system-out>{body}</system-out></testcase>"
    kind = f"type={_quote_attribute(finding.severity)} message={_quote_attribute(finding.message)}"
    return f"{head}<failure {kind}>{body}</failure></testcase>"


def _is_failure(report: Report, finding: Finding) -> bool:
    ranks = {"error": 0, "warning": 1, "info": 2, "any": 3}
    return ranks[finding.severity] <= ranks[report.fail_on]


def _title(finding: Finding) -> str:
    return " ".join(part for part in (finding.rule, finding.endpoint, finding.subject) if part)


def _quote_attribute(text: str) -> str:
    return quoteattr(visible_line(_escape_xml(text)))


def _escape_xml(text: str) -> str:
    """Escape what a terminal must not show, and replace characters that XML cannot hold."""
    return escape_commands(_UNXML.sub("\ufffd", visible(text)))
