"""Checking arguments against schemas, and finding the files in them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spacecall._core.schema_check import find_problems, is_file, map_files
from spacecall.errors import InvalidInputError
from tests.core.test_budgets import union

TREE: dict[str, Any] = {
    "$defs": {
        "Tree": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
            ]
        }
    },
    "$ref": "#/$defs/Tree",
}


TYPES: list[tuple[Any, ...]] = [
    ({}, object(), []),
    ({"type": "string"}, "x", []),
    ({"type": "string"}, 5, ["expected a str, got int 5"]),
    ({"type": "number"}, "x", ["expected a number, got str 'x'"]),
    ({"type": "number"}, 5, []),
    ({"type": "number"}, 5.5, []),
    ({"type": "number"}, True, ["expected a number, got bool True"]),
    ({"type": "number"}, math.inf, ["expected a number, got float inf"]),
    ({"type": "integer"}, 5.0, []),
    ({"type": "integer"}, 5.5, ["expected an integer, got float 5.5"]),
    ({"type": "boolean"}, False, []),
    ({"type": "boolean"}, 0, ["expected a bool, got int 0"]),
    ({"type": "null"}, None, []),
    ({"type": "object"}, [], ["expected a dict, got list []"]),
    ({"type": "array"}, (1, 2), []),
    ({"type": "array"}, "abc", ["expected a list, got str 'abc'"]),
    ({"type": ["string", "null"]}, None, []),
    ({"type": ["string", "null"]}, 5, ["expected a str or None, got int 5"]),
    ({"type": "string"}, None, ["expected a str, got None"]),
    ({"not": {}}, 1, ["no value is allowed here"]),
]


@pytest.mark.parametrize(("schema", "value", "expected"), TYPES)
def test_types(schema: dict[str, Any], value: object, expected: list[str]) -> None:
    assert find_problems(schema, value) == expected


CHOICES: list[tuple[Any, ...]] = [
    ({"enum": ["a", "b"]}, "a", []),
    ({"enum": ["a", "b"]}, 3, ["3 is not one of 'a', 'b'"]),
    ({"enum": [1]}, True, ["True is not 1"]),
    ({"enum": [1]}, 1.0, []),
    ({"const": "text"}, "file", ["'file' is not 'text'"]),
    ({"const": None}, None, []),
    ({"enum": list(range(30))}, 99, [f"99 is not one of {str(list(range(20)))[1:-1]}, …"]),
    ({"minimum": 2, "maximum": 20}, 2, []),
    ({"minimum": 2}, 1, ["1 is less than the minimum of 2"]),
    ({"maximum": 20}, 20.5, ["20.5 is more than the maximum of 20"]),
    ({"minimum": 2, "maximum": 3}, "x", []),
    ({"type": "string"}, ["x" * 100], [f"expected a str, got list ['{'x' * 58}…"]),
]


@pytest.mark.parametrize(("schema", "value", "expected"), CHOICES)
def test_choices_and_ranges(schema: dict[str, Any], value: object, expected: list[str]) -> None:
    assert find_problems(schema, value) == expected


CONTAINERS: list[tuple[Any, ...]] = [
    ({"items": {"type": "string"}}, ["a", 5], ["[1]: expected a str, got int 5"]),
    ({"prefixItems": [{"type": "string"}]}, [5, 5], ["[0]: expected a str, got int 5"]),
    ({"prefixItems": [{}], "items": False}, [5, 5], ["[1]: no value is allowed here"]),
    ({"minItems": 2}, [1], ["expected at least 2 items, got 1"]),
    ({"maxItems": 0}, [1], ["expected at most 0 items, got 1"]),
    ({"required": ["a"]}, {}, ["'a' is missing"]),
    ({"required": ["a"]}, [], []),
    ({"properties": {"a": {"type": "null"}}}, {"a": 1}, ["'a': expected None, got int 1"]),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1}, []),
    ({"additionalProperties": False}, {"b": 1}, ["'b' is not a known key"]),
    ({"additionalProperties": True}, {"b": 1}, []),
    ({"additionalProperties": {"type": "null"}}, {5: 1}, ["5: expected None, got int 1"]),
    ({"properties": {"a": {"items": {"type": "null"}}}}, {"a": [1]},
     ["'a': [0]: expected None, got int 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "expected"), CONTAINERS)
def test_lists_and_dicts(schema: dict[str, Any], value: object, expected: list[str]) -> None:
    assert find_problems(schema, value) == expected


UNIONS: list[tuple[Any, ...]] = [
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, []),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5,
     ["expected a str or None, got int 5"]),
    ({"oneOf": [{"type": "null"}, {"type": "number", "maximum": 3}]}, 5,
     ["5 is more than the maximum of 3"]),
    ({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "array"}]}, 5,
     ["expected a str, None or a list, got int 5"]),
    ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, "b", ["'b' is not 'a'"]),
    ({"anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}]}, {}, ["'c' is missing"]),
    ({"allOf": [{"minimum": 2}, {"maximum": 1}]}, 1, ["1 is less than the minimum of 2"]),
    ({"allOf": [{"type": "string"}]}, 1, ["expected a str, got int 1"]),
    ({"anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "string"}]}, 1,
     ["expected a str, got int 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "expected"), UNIONS)
def test_unions(schema: dict[str, Any], value: object, expected: list[str]) -> None:
    assert find_problems(schema, value) == expected


def test_references_are_followed() -> None:
    assert find_problems(TREE, ["a", ["b", ["c"]]]) == []
    assert find_problems(TREE, ["a", [5]]) == ["[1]: [0]: expected a str or a list, got int 5"]
    assert find_problems({"$ref": "#/$defs/Gone"}, 5) == []
    assert find_problems({"$ref": "#/$defs/S"}, 5, root={"$defs": {"S": {"type": "string"}}}) == [
        "expected a str, got int 5"
    ]


def test_definitions_that_only_name_each_other_end() -> None:
    loop = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}
    assert find_problems(loop, 5) == []
    assert not is_file(loop)
    branch = {"$ref": "#/$defs/A"}
    unions = {"$defs": {"A": {"anyOf": [branch, branch], "allOf": [branch]}}, "$ref": "#/$defs/A"}
    assert find_problems(unions, 5) == []
    assert map_files(unions, [5], repr) == [5]


def test_what_is_nested_too_deeply_passes() -> None:
    value: list[Any] = [5]
    for _ in range(200):
        value = [value]
    assert find_problems(TREE, value) == []
    assert map_files(TREE, value, repr) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.sampled_from(["string", "number", "integer", "boolean", "null", "array", "object"]).map(
        lambda kind: {"type": kind}
    )
    | st.lists(JSON, min_size=1, max_size=3).map(lambda choices: {"enum": choices})
    | st.integers(-5, 5).map(lambda bound: {"minimum": bound})
    | st.builds(dict[str, Any]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some})
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: {"allOf": some})
        | inner.map(lambda inner_schema: {"type": "array", "items": inner_schema})
        | st.tuples(inner, inner).map(lambda pair: {"prefixItems": [pair[0]], "items": pair[1]})
        | inner.map(lambda inner_schema: {"properties": {"a": inner_schema}, "required": ["a"]})
        | inner.map(
            lambda inner_schema: {"properties": {"a": inner_schema}, "additionalProperties": False}
        )
    ),
    max_leaves=5,
)


@given(SCHEMAS, JSON)
def test_it_judges_as_a_whole_json_schema_validator_does(
    schema: dict[str, Any], value: Any
) -> None:
    validator: Any = Draft202012Validator(schema)
    assert (find_problems(schema, value) == []) == validator.is_valid(value)


def test_a_value_that_is_too_much_work_has_one_problem() -> None:
    schema = union(30, 7, {"enum": ["x"]})
    (line,) = find_problems(schema, "y")
    assert line.startswith("cannot check the value against the app's schema: more than ")
    with pytest.raises(InvalidInputError, match="cannot check the value"):
        map_files(schema, "y", lambda file: file)


def test_a_large_honest_value_is_checked_whole() -> None:
    schema = {"items": {"items": {"anyOf": [{"type": "number"}, {"type": "string"}]}}}
    rows: list[list[Any]] = [[1, "x"] * 25 for _ in range(400)]
    assert find_problems(schema, rows) == []
    rows[-1][-1] = None
    assert find_problems(schema, rows) != []
    choices = {"items": {"enum": [f"choice {n}" for n in range(20_000)]}}
    assert find_problems(choices, choices["items"]["enum"]) == []


def test_lists_and_objects_are_choices_too() -> None:
    schema = {"enum": [[1, 2], {"a": 1}, "x"]}
    assert [find_problems(schema, value) for value in ([1, 2], {"a": 1}, "x")] == [[], [], []]
    assert find_problems(schema, [1]) == ["[1] is not one of [1, 2], {'a': 1}, 'x'"]
    assert find_problems({"enum": []}, 5) == []


def test_a_list_that_holds_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)
    assert (
        find_problems(
            {"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}, "$ref": "#/$defs/A"}, value
        )
        == []
    )


def test_a_value_gets_at_most_a_hundred_lines() -> None:
    assert len(find_problems({"items": {"type": "string"}}, list(range(5000)))) == 100
    assert (
        len(find_problems({"additionalProperties": False}, {str(n): n for n in range(5000)})) == 100
    )
