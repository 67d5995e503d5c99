"""What holds for any app: nothing differs from itself, and the order of keys means nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacecall.codegen import drift
from tests.codegen.drift.pairs import PAIRS, load, model

TESTS = Path(__file__).resolve().parents[2]
CORPUS = sorted(path.stem for path in (TESTS / "corpus").glob("*.json"))
CAPTURES = sorted(path.parent.name for path in (TESTS / "captures").glob("*/info.json"))


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same JSON, its keys in another order."""
    if isinstance(value, dict):
        pairs = list(cast("dict[str, Any]", value).items())
        dice.shuffle(pairs)
        return {key: shuffled(one, dice) for key, one in pairs}
    if isinstance(value, list):
        return [shuffled(one, dice) for one in cast("list[Any]", value)]
    return value


def corpus(name: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads((TESTS / "corpus" / f"{name}.json").read_text("utf-8"))
    return told


def capture(version: str) -> Mapping[str, Any]:
    folder = TESTS / "captures" / version
    return {
        name: json.loads((folder / f"{name}.json").read_text("utf-8"))
        for name in ("config", "info")
    }


@pytest.mark.parametrize("name", CORPUS)
def test_a_real_app_does_not_differ_from_itself_however_its_keys_are_ordered(name: str) -> None:
    told = corpus(name)
    assert model(told).endpoints
    for seed in range(3):
        other = shuffled(told, random.Random(seed))
        assert drift.compare_apps(model(told), model(other)) == []


@pytest.mark.parametrize("version", CAPTURES)
def test_an_app_of_any_generation_does_not_differ_from_itself(version: str) -> None:
    told = capture(version)
    assert drift.compare_apps(model(told), model(shuffled(told, random.Random(1)))) == []


@settings(deadline=None, derandomize=True, database=None, max_examples=60)
@given(pair=st.sampled_from(PAIRS), seed=st.integers(0, 999))
def test_the_order_of_keys_changes_no_finding(pair: str, seed: int) -> None:
    dice = random.Random(seed)
    before, after = load(pair, "before"), load(pair, "after")
    plain = drift.compare_apps(model(before), model(after))
    other = drift.compare_apps(model(shuffled(before, dice)), model(shuffled(after, dice)))
    assert {key(one) for one in plain} == {key(one) for one in other}


@settings(deadline=None, derandomize=True, database=None, max_examples=60)
@given(one=st.sampled_from(CORPUS), two=st.sampled_from(CORPUS))
def test_any_two_apps_can_be_compared_and_always_give_the_same(one: str, two: str) -> None:
    sides = model(corpus(one)), model(corpus(two))
    found = drift.compare_apps(*sides)
    assert found == drift.compare_apps(*sides)
    assert all(each.rule in drift.RULES for each in found)
    assert bool(found) == (one != two)


def key(finding: drift.Finding) -> tuple[str, ...]:
    return finding.rule, finding.severity, finding.endpoint, finding.subject
