"""Whether equal values are the same as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from spacecall._core.json_equality import has_same_types


class Box(BaseModel):
    model_config = ConfigDict(extra="allow")

    value: Any = None


class Bomb(dict[str, Any]):
    """A part that must not be looked into."""

    def items(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        (0, False),
        (1, 1.0),
        (-0.0, 0.0),
        ({"a": [1]}, {"a": [1.0]}),
        ({"a": {"b": True}}, {"a": {"b": 1}}),
        ((1, [0.0]), (1, [-0.0])),
        (Box(value=[1]), Box(value=[True])),
        (Box.model_validate({"more": 1}), Box.model_validate({"more": 1.0})),
    ],
)
def test_equal_values_of_other_kinds_are_told_apart(value: Any, equal: Any) -> None:
    assert value == equal
    assert not has_same_types(value, equal)


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        (float("1.5"), float("1.5")),
        (-0.0, -0.0),
        ({"a": [1, None, "x"], "b": {}}, {"b": {}, "a": [1, None, "x"]}),
        ((1, 2), (1, 2)),
        (Box.model_validate({"more": [1.0]}), Box.model_validate({"more": [1.0]})),
        (2**70, 2**70),
    ],
)
def test_values_of_one_kind_are_the_same(value: Any, equal: Any) -> None:
    assert value == equal
    assert has_same_types(value, equal)


def test_what_both_share_is_not_looked_at() -> None:
    shared = Bomb(a=1)
    assert has_same_types({"a": shared, "b": 1}, {"a": shared, "b": 1})


def test_deep_values_are_compared() -> None:
    left: Any = 1
    right: Any = 1
    for _ in range(50_000):
        left, right = [left], [right]
    assert has_same_types(left, right)
