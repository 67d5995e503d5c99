"""Reports in every format, also of hostile apps."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spacecall.codegen import drift
from tests.codegen.drift.pairs import PAIRS, app

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: Any = json.loads((ROOT / "schemas" / "drift-report.schema.json").read_text("utf-8"))
VALIDATOR: Any = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
TODAY = date(2026, 1, 1)
HOSTILE = "a\n::error::x%0A, b: c | d <e> ]]> `f` \x00\x1b[31m\u202e\ud800 @team [g](http://h)"
KNOWN = drift.read_policy(
    {"ignore": [{"rule": "default-changed", "reason": "asked them", "until": "2026-12-31"}]}
)


def finding(text: str = "text is gone", **attributes: Any) -> drift.Finding:
    facts: dict[str, Any] = {
        "rule": "parameter-removed",
        "severity": "error",
        "endpoint": "/say",
        "subject": "text",
        "location": drift.Location("schemas/spaces/a/join.schema.json", "/$defs/A", 7),
        "message": text,
        "before": "text",
        **attributes,
    }
    return drift.Finding(**facts)


def report(*findings: drift.Finding, name: str = "my-app", source: str = "me/app") -> drift.Report:
    verdict = KNOWN.judge(name, findings, TODAY)
    return drift.Report(
        name, source, "drift" if verdict.failed else "clean", "5.50.0", "6.31.0", verdict
    )


def of_pair(pair: str, policy: drift.Policy = KNOWN) -> drift.Report:
    sides = app(pair, "before"), app(pair, "after")
    return drift.create_report(pair, "me/app", *sides, policy, today=TODAY)


UNCHECKED = drift.unchecked_report("asleep", "me/asleep", "the Space sleeps", KNOWN, today=TODAY)


def test_the_schema_of_the_report_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_json_of_all_pairs_is_as_published() -> None:
    reports = [*(of_pair(pair) for pair in PAIRS), UNCHECKED]
    document = json.loads(drift.render_reports(reports, "json"))
    VALIDATOR.validate(document)
    assert len(document["reports"]) == len(reports)
    assert document["exit_code"] == 1
    ignored = [entry for report_ in document["reports"] for entry in report_["ignored"]]
    assert {entry["reason"] for entry in ignored} == {"asked them"}


def test_the_published_schema_is_strict_enough_to_fail() -> None:
    document = json.loads(drift.render_reports([report(finding())], "json"))
    document["reports"][0]["findings"][0]["severity"] = "fatal"
    assert not VALIDATOR.is_valid(document)


def test_exit_codes_never_take_an_unchecked_app_for_a_clean_one() -> None:
    clean, drifted = report(), report(finding())
    assert drift.exit_code([]) == 0
    assert drift.exit_code([clean]) == 0
    assert drift.exit_code([clean, drifted]) == 1
    assert drift.exit_code([clean, UNCHECKED]) == 3
    assert drift.exit_code([UNCHECKED, drifted]) == 1


def test_an_app_that_asks_for_a_login_now_is_unchecked_and_that_is_a_finding() -> None:
    pinned = app("31-login-required", "before")
    refused = drift.unchecked_report(
        "a", "me/a", "401", KNOWN, today=TODAY, pinned=pinned, access="login"
    )
    assert refused.status == "unchecked"
    assert [finding_.rule for finding_ in refused.verdict.findings] == ["login-required"]
    assert drift.exit_code([refused]) == 3
    VALIDATOR.validate(json.loads(drift.render_reports([refused], "json")))


def test_an_app_that_always_asked_for_a_login_is_only_unchecked() -> None:
    pinned = app("31-login-required", "after")
    refused = drift.unchecked_report(
        "a", "me/a", "401", KNOWN, today=TODAY, pinned=pinned, access="login"
    )
    assert refused.verdict.findings == ()


def test_a_finding_below_the_threshold_is_shown_and_does_not_fail() -> None:
    mild = of_pair("06-endpoint-added")
    assert mild.status == "clean"
    assert "endpoint-added" in drift.render_reports([mild])


def test_text_says_what_where_and_how_many() -> None:
    ignored = finding("n is 2 now", rule="default-changed", severity="warning")
    text = drift.render_reports([report(finding(), ignored), report(name="fine"), UNCHECKED])
    assert text == (
        "my-app (me/app, Gradio 5.50.0 -> 6.31.0): 1 error, 1 ignored\n"
        "  error    parameter-removed  /say: text is gone\n"
        "           schemas/spaces/a/join.schema.json:7\n"
        "  ignored  default-changed  /say: n is 2 now: asked them (until 2026-12-31)\n"
        "fine (me/app, Gradio 5.50.0 -> 6.31.0): no drift\n"
        "asleep (me/asleep): could not be checked: the Space sleeps\n"
    )


def test_github_annotations_point_at_the_line() -> None:
    assert drift.render_reports([report(finding("50% of it, gone: yes"))], "github") == (
        "::error file=schemas/spaces/a/join.schema.json,line=7,"
        "title=my-app%3A parameter-removed::/say: 50%25 of it, gone: yes\n"
    )
    assert drift.render_reports([UNCHECKED], "github") == (
        "::error title=asleep could not be checked::the Space sleeps\n"
    )


@pytest.mark.parametrize(
    ("severity", "command"), [("error", "error"), ("warning", "warning"), ("info", "notice")]
)
def test_github_knows_the_severity(severity: str, command: str) -> None:
    text = drift.render_reports([report(finding(severity=severity))], "github")
    assert text.startswith(f"::{command} file=")


def test_junit_counts_what_fails_is_ignored_and_could_not_be_checked() -> None:
    ignored = finding("n is 2 now", rule="default-changed", severity="warning")
    mild = finding("new", rule="endpoint-added", severity="info")
    text = drift.render_reports(
        [report(finding(), mild, ignored), report(name="fine"), UNCHECKED], "junit"
    )
    drifted, fine, asleep = ET.fromstring(text)
    assert drifted.attrib == {
        "name": "my-app",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert len(drifted.findall("testcase/failure")) == 1
    assert (fine.get("tests"), fine.get("failures")) == ("1", "0")
    assert len(asleep.findall("testcase/error")) == 1


def test_markdown_is_a_table_a_client() -> None:
    lines = drift.render_reports([report(finding())], "markdown").splitlines()
    assert lines[0] == "### my-app"
    assert lines[-1] == "| error | `parameter-removed` | /say | text is gone |"


@pytest.mark.parametrize("form", drift.FORMATS)
def test_no_reports_are_a_document_too(form: drift.Format) -> None:
    assert isinstance(drift.render_reports([], form), str)


@settings(deadline=None, derandomize=True, database=None, max_examples=150)
@given(text=st.text(st.characters(codec=None), max_size=40) | st.just(HOSTILE))
def test_no_text_of_an_app_breaks_out_of_its_place(text: str) -> None:
    location = drift.Location(text, text, 3)
    hostile = finding(
        text, endpoint=text, subject=text, location=location, before=text, after=[text]
    )
    reports = [
        report(hostile, name=text, source=text),
        drift.unchecked_report(text, text, text, KNOWN, today=TODAY),
    ]
    document = json.loads(drift.render_reports(reports, "json"))
    VALIDATOR.validate(document)
    assert document["reports"][0]["findings"][0]["message"] == text

    tree = ET.fromstring(drift.render_reports(reports, "junit"))
    assert [len(suite.findall("testcase")) for suite in tree] == [1, 1]

    annotations = drift.render_reports(reports, "github").splitlines()
    assert len(annotations) == 2
    assert all(line.startswith("::error ") for line in annotations)
    properties = annotations[0].removeprefix("::error ").partition("::")[0]
    assert {part.partition("=")[0] for part in properties.split(",")} <= {
        "file",
        "line",
        "title",
    }

    table = [
        line for line in drift.render_reports(reports, "markdown").splitlines() if line[:1] == "|"
    ]
    assert len(table) == 3
    assert table[2].replace("\\\\", "").replace("\\|", "").count("|") == 5
    assert "\x1b" not in drift.render_reports(reports)
