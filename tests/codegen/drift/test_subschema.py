"""Which schema takes all values of another one."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall.codegen._drift.schema_facets import difference, is_payload, split, words
from spacecall.codegen._drift.subschema import Typed, fits, same

FILE: dict[str, Any] = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("path", "url", "orig_name", "mime_type")},
}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def typed(schema: Any, **definitions: Any) -> Typed:
    return Typed(schema, {"$defs": definitions})


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
    assert fits(typed(narrow), typed(wide), extra=False)
    assert not fits(typed(wide), typed(narrow), extra=False)
    assert not same(typed(narrow), typed(wide))


@pytest.mark.parametrize(
    ("one", "other"),
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
def test_schemas_that_differ_fit_in_no_direction_or_not_both(one: Any, other: Any) -> None:
    assert not same(typed(one), typed(other))


def test_a_member_more_is_welcome_in_what_is_read_and_lost_in_what_is_sent() -> None:
    less, more = typed(record((), a=TEXT)), typed(record((), a=TEXT, b=TEXT))
    assert fits(more, less, extra=True)
    assert not fits(more, less, extra=False)


def test_a_member_more_does_not_fit_an_object_that_has_no_room() -> None:
    closed = typed({**record((), a=TEXT), "additionalProperties": False})
    assert not fits(typed(record((), a=TEXT, b=TEXT)), closed, extra=True)


def test_remarks_do_not_count() -> None:
    remarked = {**TEXT, "title": "T", "description": "D", "default": 1, "x-spacecall": {"a": 1}}
    assert same(typed(TEXT), typed(remarked))


def test_files_are_the_same_however_they_are_described() -> None:
    other = {**FILE, "required": ["path"], "properties": {**FILE["properties"], "size": NUMBER}}
    assert same(typed(FILE), typed({"$ref": "#/$defs/Image"}, Image=other))
    assert not same(typed(FILE), typed({"anyOf": [FILE, NULL]}))
    assert fits(typed(FILE), typed({"anyOf": [FILE, NULL]}), extra=False)


def test_a_type_that_refers_to_itself_is_compared() -> None:
    def tree(leaf: Any) -> Typed:
        node = record((), value=leaf, children={"type": "array", "items": {"$ref": "#/$defs/T"}})
        return typed({"$ref": "#/$defs/T"}, T=node)

    assert same(tree(TEXT), tree(dict(TEXT)))
    assert not same(tree(TEXT), tree(NUMBER))
    assert fits(tree({"type": "integer"}), tree(NUMBER), extra=False)


def test_a_branch_that_fails_leaves_no_assumption_behind() -> None:
    pair = record((), a={"$ref": "#/$defs/A"}, b=TEXT)
    one = typed(record((), a={"$ref": "#/$defs/A"}, b=NUMBER), A=TEXT)
    union = {"anyOf": [pair, record((), a={"$ref": "#/$defs/A"}, b=NUMBER)]}
    assert not fits(one, typed(union, A=NUMBER), extra=False)
    assert fits(one, typed(union, A=TEXT), extra=False)


def test_choices_limits_and_null_are_taken_apart() -> None:
    many = split(typed({"type": "array", "items": {"enum": ["a", 1], "type": "string"}}))
    assert many.choices == ("a", 1)
    assert many.core.schema["items"] == {"type": ["integer", "string"]}
    slider = split(typed({"type": "number", "minimum": 0, "maximum": 9}))
    assert (slider.minimum, slider.maximum, slider.core.schema) == (0, 9, NUMBER)
    for empty in ({"anyOf": [TEXT, NULL]}, {"type": ["string", "null"]}):
        assert split(typed(empty)).null
        assert split(typed(empty)).core.schema == TEXT
    assert not split(typed({"anyOf": [TEXT, NUMBER]})).null


def test_a_payload_is_a_file_or_made_of_files() -> None:
    assert is_payload(typed({"anyOf": [FILE, NULL]}))
    assert is_payload(typed({"type": "array", "items": FILE}))
    assert is_payload(typed({"$ref": "#/$defs/V"}, V=record((), video=FILE)))
    assert not is_payload(typed(record((), text=TEXT)))
    assert not is_payload(typed({}))


def test_a_schema_is_said_in_words() -> None:
    assert words(typed({})) == "any JSON"
    assert words(typed({"anyOf": [FILE, NULL]})) == "a file or None"
    assert words(typed({"type": "array", "items": FILE})) == "a list of (a file)"
    assert words(typed(record((), a=TEXT, b=TEXT))) == "a dict of a, b"
    assert words(typed({"enum": ["a", 2]})) == '"a" or 2'


def test_the_place_that_differs_is_found_inside() -> None:
    was = typed({"type": "array", "items": record((), a=TEXT, b=TEXT)})
    now = typed({"type": "array", "items": record((), a=TEXT, b=NUMBER)})
    path, old, new = difference(was, now)
    assert (path, old.schema, new.schema) == ("[].b", TEXT, NUMBER)
    assert difference(typed(TEXT), typed(NUMBER))[0] == ""
