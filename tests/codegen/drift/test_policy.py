"""Severities, ignores and the threshold."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from spacecall.codegen import drift

TODAY = date(2026, 6, 15)
PLACE = drift.Location("join.schema.json", "/$defs/SayInput/properties/text")
ERROR = drift.Finding("parameter-removed", "error", "/say", "text", PLACE, "text is gone")
WARNING = drift.Finding("default-changed", "warning", "/say", "n", PLACE, "n is 2 now")
INFO = drift.Finding("endpoint-added", "info", "/new", "", PLACE, "there is /new")


def policy(text: str) -> drift.Policy:
    return drift.read_policy(tomllib.loads(text))


def ignore(**keys: Any) -> drift.Policy:
    entry = {"rule": "parameter-removed", "reason": "known", "until": "2026-06-15", **keys}
    return drift.read_policy({"ignore": [entry]})


@pytest.mark.parametrize(
    ("fail_on", "fails"),
    [("error", [1, 0, 0]), ("warning", [1, 1, 0]), ("info", [1, 1, 1]), ("any", [1, 1, 1])],
)
def test_what_is_as_bad_as_the_threshold_fails(fail_on: str, fails: list[int]) -> None:
    judge = policy(f'fail-on = "{fail_on}"').judge
    assert [judge("a", [finding], TODAY).failed for finding in (ERROR, WARNING, INFO)] == fails
    assert not judge("a", [], TODAY).failed


def test_a_severity_of_the_project_replaces_the_rules_own() -> None:
    judged = policy('[severities]\nparameter-removed = "info"\ndefault-changed = "error"').judge(
        "a", [ERROR, WARNING], TODAY
    )
    assert [(finding.rule, finding.severity) for finding in judged.findings] == [
        ("default-changed", "error"),
        ("parameter-removed", "info"),
    ]


def test_a_rule_that_is_off_finds_nothing() -> None:
    judged = policy('[severities]\nparameter-removed = "off"').judge("a", [ERROR], TODAY)
    assert (judged.findings, judged.ignored, judged.failed) == ((), (), False)


def test_an_ignored_finding_does_not_fail_but_is_kept() -> None:
    judged = ignore().judge("a", [ERROR, WARNING], TODAY)
    assert judged.findings == (WARNING,)
    assert [(finding, entry.reason) for finding, entry in judged.ignored] == [(ERROR, "known")]
    assert not judged.failed


def test_any_counts_what_is_ignored() -> None:
    table = {
        "fail-on": "any",
        "ignore": [{"rule": "parameter-removed", "reason": "known", "until": date(2026, 6, 15)}],
    }
    assert drift.read_policy(table).judge("a", [ERROR], TODAY).failed


@pytest.mark.parametrize(
    "pattern",
    [
        {"endpoint": "/say"},
        {"endpoint": "/s*"},
        {"where": "text"},
        {"where": "*/properties/text"},
        {"space": "my-*"},
    ],
)
def test_an_ignore_may_be_about_a_space_an_endpoint_or_a_place(pattern: dict[str, str]) -> None:
    assert ignore(**pattern).judge("my-app", [ERROR], TODAY).findings == ()


@pytest.mark.parametrize(
    "pattern", [{"endpoint": "/other"}, {"where": "n"}, {"space": "other"}, {"endpoint": "/SAY"}]
)
def test_an_ignore_of_something_else_does_not_count(pattern: dict[str, str]) -> None:
    assert ignore(**pattern).judge("my-app", [ERROR], TODAY).findings == (ERROR,)


def test_an_ignore_ends_after_its_day_and_says_so() -> None:
    judged = ignore().judge("a", [ERROR], date(2026, 6, 16))
    assert [finding.rule for finding in judged.findings] == ["parameter-removed", "ignore-expired"]
    expired = judged.findings[1]
    assert expired.location.file == "pyproject.toml"
    assert "2026-06-15: known" in expired.message
    assert expired.severity == "warning"


def test_an_expired_ignore_of_another_space_is_not_said() -> None:
    judged = ignore(space="other").judge("a", [], date(2027, 1, 1))
    assert judged.findings == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('fail-on = "never"', "not 'never'"),
        ("fail-on = 3", "not 3"),
        ("severities = 3", "severities must be a table"),
        ('[severities]\nparameter-remove = "info"', "did you mean parameter-removed?"),
        ('[severities]\nparameter-removed = "fatal"', "not 'fatal'"),
        ("ignore = 3", "ignore must be an array of tables"),
        ("ignore = [3]", "entry 1: must be a table"),
        ('[[ignore]]\nrule = "endpoint-added"\nuntil = 2030-01-01', "reason is missing"),
        ('[[ignore]]\nrule = "endpoint-added"\nreason = " "', "reason is missing"),
        ('[[ignore]]\nrule = "endpoint-added"\nreason = "x"', "until is missing or not a date"),
        (
            '[[ignore]]\nrule = "endpoint-added"\nreason = "x"\nuntil = "soon"',
            "until is missing or not a date",
        ),
        ('[[ignore]]\nreason = "x"\nuntil = 2030-01-01', "unknown rule ''"),
        (
            '[[ignore]]\nrule = "endpoint-added"\nreason = "x"\nuntil = 2030-01-01\nend = 1',
            "unknown key 'end'",
        ),
        (
            '[[ignore]]\nrule = "endpoint-added"\nreason = "x"\nuntil = 2030-01-01\nwhere = 1',
            "where must be a text",
        ),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_refused(text: str, problem: str) -> None:
    with pytest.raises(drift.PolicyError, match=r"^pyproject\.toml: ") as caught:
        policy(text)
    assert problem in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(drift.PolicyError) as caught:
        policy('fail-on = "x"\n[severities]\ny = "info"')
    assert len(str(caught.value).splitlines()) == 2


def test_other_keys_of_the_table_are_not_the_policys() -> None:
    assert policy('schemas = "s"\n[spaces.a]\nsource = "b/c"') == drift.Policy(
        origin="pyproject.toml"
    )
