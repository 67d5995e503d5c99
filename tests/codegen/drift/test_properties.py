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
        return {key: shuffled(member, dice) for key, member in pairs}
    if isinstance(value, list):
        return [shuffled(item, dice) for item in cast("list[Any]", value)]
    return value


def corpus(name: str) -> Mapping[str, Any]:
    documents: Mapping[str, Any] = json.loads(
        (TESTS / "corpus" / f"{name}.json").read_text("utf-8")
    )
    return documents


def capture(version: str) -> Mapping[str, Any]:
    folder = TESTS / "captures" / version
    return {
        name: json.loads((folder / f"{name}.json").read_text("utf-8"))
        for name in ("config", "info")
    }


@pytest.mark.parametrize("name", CORPUS)
def test_a_real_app_does_not_differ_from_itself_however_its_keys_are_ordered(name: str) -> None:
    documents = corpus(name)
    assert model(documents).endpoints
    for seed in range(3):
        reordered = shuffled(documents, random.Random(seed))
        assert drift.compare_apps(model(documents), model(reordered)) == []


@pytest.mark.parametrize("version", CAPTURES)
def test_an_app_of_any_generation_does_not_differ_from_itself(version: str) -> None:
    documents = capture(version)
    assert drift.compare_apps(model(documents), model(shuffled(documents, random.Random(1)))) == []


@settings(deadline=None, derandomize=True, database=None, max_examples=60)
@given(pair=st.sampled_from(PAIRS), seed=st.integers(0, 999))
def test_the_order_of_keys_changes_no_finding(pair: str, seed: int) -> None:
    dice = random.Random(seed)
    before, after = load(pair, "before"), load(pair, "after")
    plain = drift.compare_apps(model(before), model(after))
    reordered = drift.compare_apps(model(shuffled(before, dice)), model(shuffled(after, dice)))
    assert {key(finding) for finding in plain} == {key(finding) for finding in reordered}


@settings(deadline=None, derandomize=True, database=None, max_examples=60)
@given(old=st.sampled_from(CORPUS), new=st.sampled_from(CORPUS))
def test_any_two_apps_can_be_compared_and_always_give_the_same(old: str, new: str) -> None:
    sides = model(corpus(old)), model(corpus(new))
    findings = drift.compare_apps(*sides)
    assert findings == drift.compare_apps(*sides)
    assert all(finding.rule in drift.RULES for finding in findings)
    assert bool(findings) == (old != new)


def key(finding: drift.Finding) -> tuple[str, ...]:
    return finding.rule, finding.severity, finding.endpoint, finding.subject
