"""What a project makes of findings: severities of its own, what it ignores, when it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, cast, get_args

from spacecall._core.json_values import is_array, is_object, items, mapping, text
from spacecall._suggestions import did_you_mean
from spacecall.codegen._drift.all_rules import RULES
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Place, Severity

__all__ = ["THRESHOLDS", "Ignore", "Policy", "PolicyError", "Threshold", "Verdict", "read_policy"]

Threshold: TypeAlias = Literal["error", "warning", "info", "any"]
"""The mildest severity that fails; `any` also counts what is ignored."""

THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)
"""From the most forgiving on."""

_KEYS = frozenset({"rule", "space", "endpoint", "where", "reason", "until"})


class PolicyError(ValueError):
    """A configuration that cannot be followed; the message has a line for each problem."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Findings that the project knows of.

    Attributes:
        rule: the id of the rule.
        reason: why they do not matter for now.
        until: the last day that they are ignored.
        space: a pattern for the client's name, as in shells.
        endpoint: a pattern for the endpoint, `/echo`.
        where: a pattern for the parameter or output (`output 2`), or for the JSON pointer.
    """

    rule: str
    reason: str
    until: date
    space: str = "*"
    endpoint: str = "*"
    where: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Whether it is about such a finding; the date does not count."""
        subjects = (finding.subject, finding.place.pointer)
        return (
            self.rule == finding.rule
            and fnmatchcase(finding.endpoint, self.endpoint)
            and any(fnmatchcase(one, self.where) for one in subjects)
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of one app after the policy.

    Attributes:
        findings: those that count, the worst first.
        ignored: those that do not, with the entry that says so.
        failed: whether the threshold is reached.
    """

    findings: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, Ignore], ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project makes of findings.

    Attributes:
        severities: of rules, instead of their own; `off` drops the findings.
        ignores: what is known and passes until a day.
        fail_on: the threshold.
        origin: the file that says so, for findings about it.
    """

    severities: Mapping[str, Severity | Literal["off"]] = field(
        default_factory=dict[str, "Severity | Literal['off']"]
    )
    ignores: tuple[Ignore, ...] = ()
    fail_on: Threshold = "error"
    origin: str = ""

    def judge(self, name: str, findings: Iterable[Finding], today: date) -> Verdict:
        """What counts of the findings about the client called `name`."""
        mine = [one for one in self.ignores if fnmatchcase(name, one.space)]
        active = [one for one in mine if one.until >= today]
        kept: list[Finding] = []
        ignored: list[tuple[Finding, Ignore]] = []
        for finding in [*findings, *(self._expired(one) for one in mine if one not in active)]:
            severity = self.severities.get(finding.rule, finding.severity)
            if severity == "off":
                continue
            graded = replace(finding, severity=severity)
            entry = next((one for one in active if one.covers(finding)), None)
            if entry is None:
                kept.append(graded)
            else:
                ignored.append((graded, entry))
        kept.sort(key=lambda one: SEVERITIES.index(one.severity))
        failed = any(self.reaches(one.severity) for one in kept)
        failed = failed or (self.fail_on == "any" and bool(ignored))
        return Verdict(tuple(kept), tuple(ignored), failed)

    def reaches(self, severity: Severity) -> bool:
        """Whether a finding of this severity fails."""
        if self.fail_on == "any":
            return True
        return SEVERITIES.index(severity) <= SEVERITIES.index(self.fail_on)

    def _expired(self, entry: Ignore) -> Finding:
        rule = RULES["ignore-expired"]
        where = " ".join(part for part in (entry.space, entry.endpoint, entry.where) if part != "*")
        about = f"{entry.rule} {where}".strip()
        return Finding(
            rule=rule.id,
            severity=rule.severity,
            endpoint="",
            subject=about,
            place=Place(self.origin),
            message=f"ignoring {about} ended on {entry.until}: {entry.reason}",
            before=entry.until.isoformat(),
        )


def read_policy(table: Mapping[str, Any], *, origin: str = "pyproject.toml") -> Policy:
    """The policy in `[tool.spacecall]`: its keys `fail-on`, `severities` and `ignore`.

    Args:
        table: as parsed; other keys are not looked at.
        origin: the file it is in.

    Raises:
        PolicyError: a rule or severity does not exist, or an entry lacks its reason or date.
    """
    problems: list[str] = []
    fail_on = table.get("fail-on", "error")
    severities = mapping(table.get("severities"))
    entries = items(table.get("ignore"))
    if not is_object(table.get("severities", {})):
        problems.append("severities is no table")
    if not is_array(table.get("ignore", [])):
        problems.append("ignore is no array of tables")
    if fail_on not in THRESHOLDS:
        problems.append(f"fail-on is {fail_on!r}, not one of {', '.join(THRESHOLDS)}")
    for rule, severity in severities.items():
        problems += _unknown_rule("severities", rule)
        if severity not in (*SEVERITIES, "off"):
            problems.append(
                f"severities: {rule} is {severity!r}, not one of {', '.join(SEVERITIES)}, off"
            )
    ignores = [_ignore(number, one, problems) for number, one in enumerate(entries, 1)]
    if problems:
        raise PolicyError("\n".join(f"{origin}: {problem}" for problem in problems))
    return Policy(
        severities=dict(severities),
        ignores=tuple(one for one in ignores if one is not None),
        fail_on=cast("Threshold", fail_on),
        origin=origin,
    )


def _ignore(number: int, entry: Any, problems: list[str]) -> Ignore | None:
    name = f"ignore, entry {number}"
    if not is_object(entry):
        problems.append(f"{name}: not a table")
        return None
    found = len(problems)
    problems += [f"{name}: no key is called {key!r}" for key in entry if key not in _KEYS]
    problems += _unknown_rule(name, text(entry.get("rule")))
    until = _day(entry.get("until"))
    if not text(entry.get("reason")).strip():
        problems.append(f"{name}: it has no reason")
    if until is None:
        problems.append(f"{name}: it has no date; write until = 2030-01-31")
    patterns = {key: entry.get(key, "*") for key in ("space", "endpoint", "where")}
    problems += [f"{name}: {key} is no text" for key, one in patterns.items() if one != text(one)]
    if until is None or len(problems) > found:
        return None
    return Ignore(text(entry["rule"]), text(entry["reason"]).strip(), until, **patterns)


def _day(value: object) -> date | None:
    """A date of TOML, also as a text; the day of a time."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        return None


def _unknown_rule(where: str, rule: str) -> list[str]:
    if rule in RULES:
        return []
    hint = did_you_mean(rule, RULES, "spacecall rules lists them")
    return [f"{where}: no rule is called {rule!r}; {hint}"]
