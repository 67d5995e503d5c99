"""The branches of nested unions, each once."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.schema_nodes import alternatives, kinds_of
from tests.core.test_budgets import union

ITSELF: dict[str, Any] = {
    "$defs": {"A": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/A"}]}},
    "$ref": "#/$defs/A",
}


def test_branches_of_branches_are_branches() -> None:
    schema = {"anyOf": [{"type": "string"}, {"oneOf": [{"enum": [1]}, {"enum": [2]}]}]}
    parts = alternatives(schema, schema)
    assert [part.get("type") or part.get("enum") for part in parts if "Of" not in str([*part])] == [
        "string",
        [1],
        [2],
    ]


def test_a_union_of_itself_has_its_own_kinds() -> None:
    assert kinds_of(ITSELF, ITSELF) == ["string"]
    assert len(alternatives(ITSELF, ITSELF)) == 2


def test_a_union_that_is_too_large_is_cut() -> None:
    wide = {"anyOf": [{"enum": [n]} for n in range(9999)]}
    assert len(alternatives(wide, wide)) == 256
    assert kinds_of({"anyOf": [{"type": "string"}] * 9999}, {}) == []


def test_each_branch_is_looked_at_once() -> None:
    schema = union(30, 7, {"type": "string"})
    assert kinds_of(schema, schema) == ["string"]
    assert len(alternatives(schema, schema)) == 9


@pytest.mark.parametrize("branch", [5, "x", None, [1]])
def test_what_is_no_schema_says_nothing(branch: Any) -> None:
    assert kinds_of({"anyOf": [branch]}, {}) == []
