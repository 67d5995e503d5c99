"""The rules' own texts, and the page that documents them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from spacecall.codegen import drift
from spacecall.codegen._drift.all_rules import rules_table

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "drift.md").read_text("utf-8")


@pytest.mark.parametrize("rule", drift.RULES.values(), ids=list(drift.RULES))
def test_a_rule_says_what_it_is_and_the_way_out(rule: drift.Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert drift.RULES[rule.id] is rule
    assert rule.severity in drift.SEVERITIES
    for text in (rule.title, rule.explanation, rule.example, rule.remedy):
        assert text == text.strip()
        assert text
    assert rule.explanation.endswith(".")
    assert rule.remedy.endswith(".")


def test_the_page_has_the_table_of_the_rules_as_they_are() -> None:
    documented = PAGE.partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0]
    assert documented == rules_table()


def test_the_page_names_all_exit_codes_and_thresholds() -> None:
    for code in (0, 1, 2, 3):
        assert f"| {code} |" in PAGE
    for threshold in drift.THRESHOLDS:
        assert f"`{threshold}`" in PAGE


def test_the_configuration_of_the_page_is_understood() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    policy = drift.read_policy(tomllib.loads(example)["tool"]["spacecall"])
    assert policy.ignores
    assert policy.severities
