"""Gradio's dialect of JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spacecall._core.gradio_schema import normalize_schema, nullable
from spacecall.endpoints import Endpoint
from tests.core.apps import CORPUS, VERSIONS, corpus_app, protocol_app

KEYWORDS = (
    *("type", "properties", "items", "prefixItems", "additionalProperties", "required", "enum"),
    *("const", "anyOf", "allOf", "$ref", "$defs", "minimum", "something"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=5)
    ),
    max_leaves=30,
)


KEYWORD_CASES: list[tuple[Any, ...]] = [
    ({"type": {}, "description": "any valid json"}, {"description": "any valid json"}),
    ({}, {}),
    (None, {}),
    ("string", {}),
    (True, {}),
    (False, {"not": {}}),
    ({"type": "string"}, {"type": "string"}),
    ({"type": ["string", "null", 5]}, {"type": ["string", "null"]}),
    ({"type": ["string"]}, {"type": "string"}),
    ({"type": "filepath"}, {}),
    ({"type": "string", "serializer": "X"}, {"type": "string"}),
    ({"minimum": 1, "maxItems": True, "multipleOf": "2"}, {"minimum": 1}),
    ({"additional_description": None}, {}),
    ({"additional_description": "how"}, {"description": "how"}),
    ({"additional_description": "b", "description": "a"}, {"description": "a"}),
    ({"title": 5, "format": "date"}, {"format": "date"}),
    ({"uniqueItems": True, "const": None}, {"const": None, "uniqueItems": True}),
    ({"required": ["a", 5]}, {"required": ["a"]}),
    ({"required": "a"}, {}),
    ({"anyOf": []}, {}),
    ({"oneOf": [{"type": "null"}, True]}, {"oneOf": [{"type": "null"}, {}]}),
    ({"additionalProperties": True}, {"additionalProperties": True}),
    ({"additionalProperties": {"type": {}}}, {"additionalProperties": {}}),
    ({"additionalProperties": None}, {}),
    ({"items": {"type": {}}}, {"items": {}}),
    ({"items": True}, {"items": {}}),
    ({"items": False}, {"items": False}),
    ({"prefixItems": [{"type": {}}, False]}, {"prefixItems": [{}, {"not": {}}]}),
    (
        {"items": [{"type": "string"}], "additionalItems": False},
        {"prefixItems": [{"type": "string"}], "items": False},
    ),
    (
        {"properties": {"a": {"type": {}}, "b": None}, "patternProperties": []},
        {"properties": {"a": {}, "b": {}}},
    ),
]


@pytest.mark.parametrize(("written", "cleaned"), KEYWORD_CASES)
def test_keywords_are_kept_if_they_mean_something(written: object, cleaned: object) -> None:
    assert normalize_schema(written) == cleaned


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ({"enum": [1, 2], "type": "string"}, {"enum": [1, 2]}),
        ({"enum": ["a", 1], "type": "string"}, {"enum": ["a", 1]}),
        ({"enum": [True], "type": "integer"}, {"enum": [True]}),
        ({"enum": [True], "type": "boolean"}, {"enum": [True], "type": "boolean"}),
        ({"enum": ["a"], "type": "string"}, {"enum": ["a"], "type": "string"}),
        ({"enum": ["a", None]}, {"enum": ["a", None]}),
        ({"enum": [], "type": "string"}, {"type": "string"}),
        ({"enum": "abc"}, {}),
    ],
)
def test_choices_are_what_they_are_whatever_type_they_claim(
    written: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    assert normalize_schema(written) == cleaned


def test_references_stay_local_and_those_to_nowhere_mean_anything() -> None:
    schema = {
        "$defs": {"A": {"type": "string", "extra": 1}},
        "properties": {
            "a": {"$ref": "#/$defs/A", "default": "x", "title": "A"},
            "b": {"$ref": "#/$defs/B"},
            "c": {"$ref": "https://example.com/#/$defs/A"},
            "d": {"$ref": 5},
        },
    }
    assert normalize_schema(schema) == {
        "properties": {"a": {"$ref": "#/$defs/A", "default": "x"}, "b": {}, "c": {}, "d": {}},
        "$defs": {"A": {"type": "string"}},
    }


def test_definitions_are_gathered_at_the_root() -> None:
    schema = {
        "type": "array",
        "items": {
            "definitions": {"A": {"$ref": "#/definitions/B"}},
            "anyOf": [{"$ref": "#/definitions/A"}, {"$defs": {"B": {"type": "null"}}}],
        },
    }
    assert normalize_schema(schema) == {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/$defs/A"}, {}]},
        "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "null"}},
    }


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema = {"properties": {"$defs": {"type": "string"}, "$ref": {"type": "integer"}}}
    assert normalize_schema(schema) == schema


def test_what_is_nested_too_deeply_means_anything() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(500):
        schema = {"items": schema}
    cleaned = normalize_schema(schema)
    depth = 0
    while cleaned:
        cleaned = cleaned["items"]
        depth += 1
    assert 50 < depth < 100


@given(JSON)
def test_nothing_makes_it_raise_and_the_result_is_a_schema(written: Any) -> None:
    cleaned = normalize_schema(written)
    Draft202012Validator.check_schema({**cleaned, **_plain_patterns(cleaned)})


def _plain_patterns(schema: dict[str, Any]) -> dict[str, Any]:
    """The meta-schema wants unique choices; Gradio does not promise that."""
    return {key: [] for key in ("enum", "required") if key in schema}


def check_schemas(endpoints: Mapping[str, Endpoint]) -> None:
    for endpoint in endpoints.values():
        schemas = [slot.schema for slot in endpoint.parameters]
        schemas += [slot.schema for slot in endpoint.returns]
        for schema in schemas:
            Draft202012Validator.check_schema(dict(schema))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_captured_schema_becomes_a_valid_one(version: str) -> None:
    _, endpoints = protocol_app(version)
    check_schemas(endpoints)


@pytest.mark.parametrize("name", CORPUS)
def test_every_schema_of_a_real_app_becomes_a_valid_one(name: str) -> None:
    _, endpoints = corpus_app(name)
    check_schemas(endpoints)


@pytest.mark.parametrize(
    ("schema", "or_null"),
    [
        ({"type": "number"}, {"anyOf": [{"type": "number"}, {"type": "null"}]}),
        ({}, {}),
        ({"description": "any"}, {"description": "any"}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {}}, "description": "d"},
            {
                "anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}],
                "$defs": {"A": {}},
                "description": "d",
            },
        ),
    ],
)
def test_a_schema_or_null(schema: dict[str, Any], or_null: dict[str, Any]) -> None:
    assert nullable(schema) == or_null
