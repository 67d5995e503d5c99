"""`spacecall rules`: every rule, and one explained."""

from __future__ import annotations

import pytest

from spacecall.codegen.drift import RULES
from tests.cli.conftest import Cli


def test_every_rule_is_listed_on_a_line_of_a_terminals_width(cli: Cli) -> None:
    done = cli("rules")
    assert done.code == 0
    lines = done.out.splitlines()
    assert {line.split()[1] for line in lines} == set(RULES)
    assert lines[0].startswith("error")
    assert lines[-1].startswith("info")
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_explained_with_an_example_and_the_way_out(rule: str, cli: Cli) -> None:
    done = cli("rules", rule)
    assert done.code == 0
    assert done.out.startswith(f"{rule} ({RULES[rule].severity})\n")
    assert "\nExample: " in done.out
    assert "\nWhat to do: " in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_rule_that_does_not_exist_is_wrong_use(cli: Cli) -> None:
    done = cli("rules", "endpoint-remove")
    assert done.code == 2
    assert "did you mean endpoint-removed" in done.err
