"""Where a schema expects files, and what is said of values that are not."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.file_positions import drop_text_files, expects_files, find_non_files
from spacecall._core.filedata import as_file_data

FILE: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {}, "url": {}, "orig_name": {}, "mime_type": {}, "meta": {}},
}
TEXT = {"type": "string"}
FILES = {"type": "array", "items": FILE}
FRAMED = {"type": "object", "properties": {"image": FILE, "caption": TEXT}}
VALUE = {"path": "/srv/a.png"}
ABSENT = object()


def loop(*members: Any) -> dict[str, Any]:
    """A schema that is a union of itself and of others."""
    itself = {"$ref": "#/$defs/Loop"}
    return {**itself, "$defs": {"Loop": {"anyOf": [itself, *members]}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (FILE, True),
        (FILES, True),
        ({"anyOf": [TEXT, {"$ref": "#/$defs/F"}], "$defs": {"F": FRAMED}}, True),
        ({}, False),
        (TEXT, False),
        ({"type": "object", "properties": {"path": TEXT}}, False),
        ({"enum": [["path", "url"], {"a": 1}]}, False),
    ],
)
def test_a_schema_has_a_place_for_files(schema: Any, expected: bool) -> None:
    assert expects_files(schema) is expected


@pytest.mark.parametrize(
    ("schema", "value", "lines"),
    [
        (FILE, "/etc/passwd", ["expected a file, got '/etc/passwd'"]),
        (FILE, b"x" * 50, [f"expected a file, got {b'x' * 40!r}…"]),
        (FILE, 3, ["expected a file, got int"]),
        (FILE, {}, ["expected a file, got an object without a path or a url"]),
        (
            FILES,
            [VALUE, "a", "b"],
            ["[1]: expected a file, got 'a'", "[2]: expected a file, got 'b'"],
        ),
        (FRAMED, {"image": "a", "caption": "x"}, ["['image']: expected a file, got 'a'"]),
        ({"prefixItems": [TEXT, FILE]}, ["a", "b"], ["[1]: expected a file, got 'b'"]),
        (
            {"type": "object", "additionalProperties": FILE},
            {"x": "a"},
            ["['x']: expected a file, got 'a'"],
        ),
        (
            {"anyOf": [FILES, {"type": "array", "items": TEXT}]},
            ["a"],
            ["[0]: expected a file, got 'a'"],
        ),
        ({"allOf": [FRAMED]}, {"image": "a"}, ["['image']: expected a file, got 'a'"]),
        ({"anyOf": [FILE, {"type": "null"}]}, "a", ["expected a file, got 'a'"]),
        ({"anyOf": [FILE, FILES]}, "a", ["expected a file, got 'a'"]),
        ({"anyOf": [FILE, FILES]}, [VALUE, "a"], ["[1]: expected a file, got 'a'"]),
        ({"anyOf": [FILE, {"type": "null"}]}, [VALUE], ["expected a file, got list"]),
        ({"anyOf": [FILE] * 300}, "a", ["expected a file, got 'a'"]),
        ({"type": "string", "anyOf": [FILE]}, "a", ["expected a file, got 'a'"]),
        ({"type": "string", "allOf": [FILE]}, "a", ["expected a file, got 'a'"]),
        ({"anyOf": [{"anyOf": [FILE]}, {"type": "number"}]}, "a", ["expected a file, got 'a'"]),
    ],
)
def test_what_is_not_a_file_is_named_with_its_place(
    schema: Any, value: Any, lines: list[str]
) -> None:
    assert find_non_files(schema, value) == lines


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (FILE, VALUE),
        (FILE, {"url": "https://x/a"}),
        (FILE, "data:,x"),
        (FILE, "DATA:,x"),
        (FILE, None),
        (FILES, [VALUE, None]),
        ({"anyOf": [FILE, FILES]}, [VALUE, None]),
        ({"anyOf": [FILE, FILES]}, VALUE),
        ({"anyOf": [FILE, FILES]}, []),
        (FRAMED, {"image": VALUE, "more": "/etc/passwd"}),
        ({"anyOf": [TEXT, FILE]}, "/etc/passwd"),
        ({"anyOf": [TEXT, FILE]}, VALUE),
        ({"type": "array", "items": {"anyOf": [TEXT, FILE]}}, ["a"]),
        ({}, {"image": "a"}),
        ({"anyOf": [{}, FILE]}, "a"),
        ({"anyOf": [{"anyOf": [TEXT, {"type": "null"}]}, {"type": "number"}]}, "a"),
        (FILES, {"a": "b"}),
        (FRAMED, ["a"]),
        (FRAMED, 3),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}, {"b": "c"}),
    ],
)
def test_what_is_in_order(schema: Any, value: Any) -> None:
    assert find_non_files(schema, value) == []


def test_at_most_eight_lines_are_said() -> None:
    assert len(find_non_files(FILES, ["a"] * 100)) == 8


def test_what_is_shared_with_a_value_in_order_is_not_looked_at_again() -> None:
    class Counted(dict[str, Any]):
        looks = 0

        def get(self, *arguments: Any) -> Any:
            Counted.looks += 1
            return super().get(*arguments)

    entries = [{"image": Counted(VALUE)} for _ in range(50)]
    schema = {"type": "array", "items": FRAMED}
    assert find_non_files(schema, entries) == []
    before = Counted.looks
    new = {"image": Counted(VALUE)}
    assert find_non_files(schema, [*entries, new], entries) == []
    assert Counted.looks - before <= 4
    assert find_non_files(schema, [*entries[:-1], {"image": "a"}], entries) == [
        "[49]['image']: expected a file, got 'a'"
    ]
    assert find_non_files(FRAMED, {"image": VALUE}, ["another shape"]) == []


@pytest.mark.parametrize(
    ("schema", "default", "stays"),
    [
        (FILE, VALUE, True),
        (FILE, None, True),
        (TEXT, "/etc/passwd", True),
        (FILE, ABSENT, True),
        (FILE, "/etc/passwd", False),
        (FRAMED, {"image": "/etc/passwd"}, False),
    ],
)
def test_a_text_is_no_default_of_a_file(schema: Any, default: Any, stays: bool) -> None:
    assert (drop_text_files(schema, default, ABSENT) is default) is (stays or default is ABSENT)


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        (FILES, [VALUE] * 30_000),
        (loop(FILES), ["/etc/passwd"]),
        (loop(*[{"$ref": "#/$defs/Loop"}] * 3, FILES), [VALUE]),
    ],
    ids=["long", "endless", "wide"],
)
def test_a_default_that_takes_too_long_to_look_at_is_none(schema: Any, default: Any) -> None:
    assert drop_text_files(schema, default, ABSENT) is ABSENT


def test_an_output_that_takes_too_long_is_not_looked_at_to_its_end() -> None:
    assert find_non_files(FILES, [*[VALUE] * 30_000, "a"]) == []


def test_the_payload_of_a_file_stays_as_it_is() -> None:
    payload: dict[str, Any] = {"path": "", "url": "https://x/a", "meta": {}}
    assert as_file_data(payload) is payload
    assert as_file_data("data:,x")["url"] == "data:,x"
