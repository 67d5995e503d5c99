"""Which schema takes all values of another one."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall.codegen._drift.schema_facets import (
    describe_schema,
    first_difference,
    is_file_payload,
    split_facets,
)
from spacecall.codegen._drift.subschema import SchemaNode, is_equivalent, is_subschema

FILE: dict[str, Any] = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("path", "url", "orig_name", "mime_type")},
}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def typed(schema: Any, **definitions: Any) -> SchemaNode:
    return SchemaNode(schema, {"$defs": definitions})


def record(required: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(required)}


WIDER: list[tuple[Any, Any]] = [
    ({"type": "integer"}, NUMBER),
    (TEXT, {}),
    (TEXT, {"anyOf": [TEXT, NULL]}),
    (TEXT, {"type": ["string", "null"]}),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    ({"enum": ["a"]}, TEXT),
    ({"const": 1}, NUMBER),
    ({"type": "number", "minimum": 2}, {"type": "number", "minimum": 1}),
    ({"type": "number", "maximum": 2}, {"type": "number", "maximum": 3}),
    ({"type": "number", "maximum": 2}, NUMBER),
    ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": NUMBER}),
    ({"type": "array", "items": TEXT}, {"type": "array"}),
    (record(("a",), a=TEXT), record((), a=TEXT)),
    (record((), a={"enum": ["x"]}), record((), a=TEXT)),
    (record((), a=TEXT), record((), a=TEXT, b=TEXT)),
    (record((), a=TEXT), {"type": "object"}),
    ({"allOf": [{"type": "integer"}]}, {"allOf": [NUMBER, {}]}),
    (
        {"type": "array", "prefixItems": [TEXT], "items": False},
        {"type": "array", "prefixItems": [{"anyOf": [TEXT, NUMBER]}], "items": False},
    ),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": True},
    ),
]


@pytest.mark.parametrize(("narrow", "wide"), WIDER)
def test_a_wider_schema_takes_all_values_and_a_narrower_one_does_not(
    narrow: Any, wide: Any
) -> None:
    assert is_subschema(typed(narrow), typed(wide), allow_extra=False)
    assert not is_subschema(typed(wide), typed(narrow), allow_extra=False)
    assert not is_equivalent(typed(narrow), typed(wide))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TEXT, NUMBER),
        ({"enum": ["a"]}, {"enum": ["b"]}),
        (record((), a=TEXT), record((), a=NUMBER)),
        (record((), a=TEXT), record((), b=TEXT)),
        ({"type": "array", "items": TEXT}, TEXT),
        (TEXT, {"type": "string", "format": "date"}),
        (FILE, TEXT),
    ],
)
def test_schemas_that_differ_fit_in_no_direction_or_not_both(first: Any, second: Any) -> None:
    assert not is_equivalent(typed(first), typed(second))


def test_a_member_more_is_welcome_in_what_is_read_and_lost_in_what_is_sent() -> None:
    small, large = typed(record((), a=TEXT)), typed(record((), a=TEXT, b=TEXT))
    assert is_subschema(large, small, allow_extra=True)
    assert not is_subschema(large, small, allow_extra=False)


def test_a_member_more_does_not_fit_an_object_that_has_no_room() -> None:
    closed = typed({**record((), a=TEXT), "additionalProperties": False})
    assert not is_subschema(typed(record((), a=TEXT, b=TEXT)), closed, allow_extra=True)


def test_remarks_do_not_count() -> None:
    remarked = {**TEXT, "title": "T", "description": "D", "default": 1, "x-spacecall": {"a": 1}}
    assert is_equivalent(typed(TEXT), typed(remarked))


def test_files_are_the_same_however_they_are_described() -> None:
    detailed = {**FILE, "required": ["path"], "properties": {**FILE["properties"], "size": NUMBER}}
    assert is_equivalent(typed(FILE), typed({"$ref": "#/$defs/Image"}, Image=detailed))
    assert not is_equivalent(typed(FILE), typed({"anyOf": [FILE, NULL]}))
    assert is_subschema(typed(FILE), typed({"anyOf": [FILE, NULL]}), allow_extra=False)


def test_a_type_that_refers_to_itself_is_compared() -> None:
    def tree(leaf: Any) -> SchemaNode:
        node = record((), value=leaf, children={"type": "array", "items": {"$ref": "#/$defs/T"}})
        return typed({"$ref": "#/$defs/T"}, T=node)

    assert is_equivalent(tree(TEXT), tree(dict(TEXT)))
    assert not is_equivalent(tree(TEXT), tree(NUMBER))
    assert is_subschema(tree({"type": "integer"}), tree(NUMBER), allow_extra=False)


def test_a_branch_that_fails_leaves_no_assumption_behind() -> None:
    pair = record((), a={"$ref": "#/$defs/A"}, b=TEXT)
    recursive = typed(record((), a={"$ref": "#/$defs/A"}, b=NUMBER), A=TEXT)
    union = {"anyOf": [pair, record((), a={"$ref": "#/$defs/A"}, b=NUMBER)]}
    assert not is_subschema(recursive, typed(union, A=NUMBER), allow_extra=False)
    assert is_subschema(recursive, typed(union, A=TEXT), allow_extra=False)


def test_choices_limits_and_null_are_taken_apart() -> None:
    many = split_facets(typed({"type": "array", "items": {"enum": ["a", 1], "type": "string"}}))
    assert many.choices == ("a", 1)
    assert many.core.schema["items"] == {"type": ["integer", "string"]}
    slider = split_facets(typed({"type": "number", "minimum": 0, "maximum": 9}))
    assert (slider.minimum, slider.maximum, slider.core.schema) == (0, 9, NUMBER)
    for empty in ({"anyOf": [TEXT, NULL]}, {"type": ["string", "null"]}):
        assert split_facets(typed(empty)).nullable
        assert split_facets(typed(empty)).core.schema == TEXT
    assert not split_facets(typed({"anyOf": [TEXT, NUMBER]})).nullable


def test_a_payload_is_a_file_or_made_of_files() -> None:
    assert is_file_payload(typed({"anyOf": [FILE, NULL]}))
    assert is_file_payload(typed({"type": "array", "items": FILE}))
    assert is_file_payload(typed({"$ref": "#/$defs/V"}, V=record((), video=FILE)))
    assert not is_file_payload(typed(record((), text=TEXT)))
    assert not is_file_payload(typed({}))


def test_a_schema_is_said_in_words() -> None:
    assert describe_schema(typed({})) == "any JSON"
    assert describe_schema(typed({"anyOf": [FILE, NULL]})) == "a file or None"
    assert describe_schema(typed({"type": "array", "items": FILE})) == "a list of (a file)"
    assert describe_schema(typed(record((), a=TEXT, b=TEXT))) == "a dict of a, b"
    assert describe_schema(typed({"enum": ["a", 2]})) == '"a" or 2'


def test_the_place_that_differs_is_found_inside() -> None:
    was = typed({"type": "array", "items": record((), a=TEXT, b=TEXT)})
    now = typed({"type": "array", "items": record((), a=TEXT, b=NUMBER)})
    path, old, new = first_difference(was, now)
    assert (path, old.schema, new.schema) == ("[].b", TEXT, NUMBER)
    assert first_difference(typed(TEXT), typed(NUMBER))[0] == ""
