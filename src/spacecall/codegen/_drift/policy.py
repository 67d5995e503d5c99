"""How a project weighs findings: severities, ignored findings, and the threshold for failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, cast, get_args

from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object
from spacecall._suggestions import did_you_mean
from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Location, Severity

__all__ = ["THRESHOLDS", "Ignore", "Policy", "PolicyError", "Threshold", "Verdict", "read_policy"]

Threshold: TypeAlias = Literal["error", "warning", "info", "any"]
"""The least severe finding that fails a check; `any` also counts ignored findings."""

THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)
"""All thresholds, the most lenient first."""

_KEYS = frozenset({"rule", "space", "endpoint", "where", "reason", "until"})


class PolicyError(ValueError):
    """An invalid policy; the message has a line for each problem."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """An entry of the ignore list: findings that the project accepts until a day.

    Attributes:
        rule: the id of the rule.
        reason: why the project accepts them.
        until: the last day on which they are ignored.
        space: a shell pattern for the client's name.
        endpoint: a shell pattern for the endpoint's name, with or without its slash: `/echo`.
        target: a shell pattern for the parameter or output (`output 2`), or for the JSON pointer;
            the key `where` of the file.
    """

    rule: str
    reason: str
    until: date
    space: str = "*"
    endpoint: str = "*"
    target: str = "*"

    @property
    def description(self) -> str:
        """The rule and the patterns."""
        patterns = (self.space, self.endpoint, self.target)
        return " ".join([self.rule, *(part for part in patterns if part != "*")])

    def covers(self, finding: Finding) -> bool:
        """Check whether the entry matches a finding; the date is not considered."""
        subjects = (finding.subject, finding.location.pointer)
        endpoints = (self.endpoint, endpoint_name(self.endpoint))
        return (
            self.rule == finding.rule
            and any(fnmatchcase(finding.endpoint, pattern) for pattern in endpoints)
            and any(fnmatchcase(subject, self.target) for subject in subjects)
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings about one app, sorted by the policy.

    Attributes:
        findings: the findings that count, the most severe first.
        ignored: the ignored findings, each with the entry that matches it.
        failed: whether the threshold is reached.
    """

    findings: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, Ignore], ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A project's severities, ignore list and threshold.

    Attributes:
        severities: severities by rule id that replace the rules' own; `off` drops the findings.
        ignores: the ignore list.
        fail_on: the threshold for failure.
        origin: the name of the configuration file, for findings about it.
    """

    severities: Mapping[str, Severity | Literal["off"]] = field(
        default_factory=dict[str, "Severity | Literal['off']"]
    )
    ignores: tuple[Ignore, ...] = ()
    fail_on: Threshold = "error"
    origin: str = ""

    def judge(self, name: str, findings: Iterable[Finding], today: date) -> Verdict:
        """Apply the policy to the findings about the client called `name`."""
        applicable = [entry for entry in self.ignores if fnmatchcase(name, entry.space)]
        active = [entry for entry in applicable if entry.until >= today]
        counted: list[Finding] = []
        ignored: list[tuple[Finding, Ignore]] = []
        for finding in [
            *findings,
            *(self._expired(entry) for entry in applicable if entry not in active),
        ]:
            severity = self.severities.get(finding.rule, finding.severity)
            if severity == "off":
                continue
            graded = replace(finding, severity=severity)
            entry = next((candidate for candidate in active if candidate.covers(finding)), None)
            if entry is None:
                counted.append(graded)
            else:
                ignored.append((graded, entry))
        counted.sort(key=lambda finding: SEVERITIES.index(finding.severity))
        failed = any(self.reaches(finding.severity) for finding in counted)
        failed = failed or (self.fail_on == "any" and bool(ignored))
        return Verdict(tuple(counted), tuple(ignored), failed)

    def find_unused(self, verdicts: Mapping[str, Verdict], today: date) -> list[tuple[int, Ignore]]:
        """Return the entries that match no finding, each with its number, without expired ones.

        Args:
            verdicts: about all clients of the project, by name.
            today: the date that entries are compared with.
        """
        used = {entry for verdict in verdicts.values() for _, entry in verdict.ignored}
        return [
            (number, entry)
            for number, entry in enumerate(self.ignores, 1)
            if entry not in used and entry.until >= today
        ]

    def reaches(self, severity: Severity) -> bool:
        """Check whether a finding of this severity fails the check."""
        if self.fail_on == "any":
            return True
        return SEVERITIES.index(severity) <= SEVERITIES.index(self.fail_on)

    def _expired(self, entry: Ignore) -> Finding:
        rule = RULES["ignore-expired"]
        about = entry.description
        return Finding(
            rule=rule.id,
            severity=rule.severity,
            endpoint="",
            subject=about,
            location=Location(self.origin),
            message=f"ignoring {about} ended on {entry.until}: {entry.reason}",
            before=entry.until.isoformat(),
        )


def read_policy(table: Mapping[str, Any], *, origin: str = "pyproject.toml") -> Policy:
    """Read the keys `fail-on`, `severities` and `ignore` of `[tool.spacecall]`.

    Args:
        table: the parsed table; other keys are not read.
        origin: the name of the file, for messages.

    Raises:
        PolicyError: a rule or a severity does not exist, or an entry has no reason or no date.
    """
    problems: list[str] = []
    fail_on = table.get("fail-on", "error")
    severities = as_dict(table.get("severities"))
    entries = as_list(table.get("ignore"))
    if not is_object(table.get("severities", {})):
        problems.append("severities must be a table")
    if not is_array(table.get("ignore", [])):
        problems.append("ignore must be an array of tables: write [[tool.spacecall.ignore]]")
    if fail_on not in THRESHOLDS:
        problems.append(f"fail-on must be one of {', '.join(THRESHOLDS)}, not {fail_on!r}")
    for rule, severity in severities.items():
        problems += _unknown_rule("severities", rule)
        if severity not in (*SEVERITIES, "off"):
            problems.append(
                f"severities: {rule} must be one of {', '.join(SEVERITIES)}, off, not {severity!r}"
            )
    ignores = [_read_ignore(number, entry, problems) for number, entry in enumerate(entries, 1)]
    if problems:
        raise PolicyError("\n".join(f"{origin}: {problem}" for problem in problems))
    return Policy(
        severities=dict(severities),
        ignores=tuple(entry for entry in ignores if entry is not None),
        fail_on=cast("Threshold", fail_on),
        origin=origin,
    )


def _read_ignore(number: int, entry: Any, problems: list[str]) -> Ignore | None:
    name = f"ignore, entry {number}"
    if not is_object(entry):
        problems.append(f"{name}: must be a table")
        return None
    problems_before = len(problems)
    problems += [f"{name}: unknown key {key!r}" for key in entry if key not in _KEYS]
    problems += _unknown_rule(name, as_str(entry.get("rule")))
    until = _parse_date(entry.get("until"))
    if not as_str(entry.get("reason")).strip():
        problems.append(f"{name}: reason is missing")
    if until is None:
        problems.append(f"{name}: until is missing or not a date: write until = 2030-01-31")
    patterns = {key: entry.get(key, "*") for key in ("space", "endpoint", "where")}
    problems += [
        f"{name}: {key} must be a text"
        for key, pattern in patterns.items()
        if pattern != as_str(pattern)
    ]
    if until is None or len(problems) > problems_before:
        return None
    return Ignore(
        rule=as_str(entry["rule"]),
        reason=as_str(entry["reason"]).strip(),
        until=until,
        space=patterns["space"],
        endpoint=patterns["endpoint"],
        target=patterns["where"],
    )


def _parse_date(value: object) -> date | None:
    """Parse a TOML date, a date and time, or a text in ISO format; None for anything else."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(as_str(value))
    except ValueError:
        return None


def _unknown_rule(key: str, rule: str) -> list[str]:
    if rule in RULES:
        return []
    hint = did_you_mean(rule, RULES, "spacecall rules lists them")
    return [f"{key}: unknown rule {rule!r}; {hint}"]
