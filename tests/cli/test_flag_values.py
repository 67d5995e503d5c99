from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError
from spacecall.cli._inputs.flag_values import InputReader, load_files, parse_value

_FILE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "url": {"type": "string"},
        "orig_name": {"type": "string"},
        "mime_type": {"type": "string"},
    },
}
_PICTURE = {"type": "object", "properties": {"image": _FILE, "caption": {"type": "string"}}}
_MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "files": {"type": "array", "items": _FILE}},
}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def value(schema: dict[str, Any], *words: str, stdin: bytes = b"from stdin\n") -> Any:
    return parse_value(schema, words, InputReader(stdin))


@pytest.mark.parametrize("word", ['{"a": 1, "a": 2}', '[{"b": {"a": 1, "a": 1}}]'])
def test_json_with_a_key_twice_is_refused(word: str) -> None:
    for schema in ({}, {"type": "object"}, {"type": "array"}):
        with pytest.raises(InvalidInputError, match="the key 'a' twice: remove one"):
            value(schema, word)
    assert value(TEXT, word) == word


@pytest.mark.parametrize(
    ("schema", "word", "expected"),
    [
        (TEXT, "hi", "hi"),
        (TEXT, "12", "12"),
        (TEXT, "null", "null"),
        (TEXT, "", ""),
        (TEXT, "-", "from stdin"),
        (TEXT, "@@me", "@me"),
        (NUMBER, "12", 12),
        (NUMBER, "-4.50", -4.5),
        (NUMBER, "1e3", 1000.0),
        (NUMBER, "a lot", "a lot"),
        ({"type": "integer"}, "007", 7),
        ({"anyOf": [NUMBER, NULL]}, "null", None),
        ({"anyOf": [NUMBER, NULL]}, "3", 3),
        ({"anyOf": [NUMBER, TEXT]}, "3", 3),
        ({"anyOf": [NUMBER, TEXT]}, "three", "three"),
        ({"anyOf": [{"type": "boolean"}, NULL]}, "yes", True),
        ({"type": "boolean"}, "OFF", False),
        ({"type": "boolean"}, "perhaps", "perhaps"),
        ({"type": "string", "enum": ["x", "y"]}, "y", "y"),
        ({"type": "string", "enum": ["@x", "-"]}, "-", "-"),
        ({"enum": [2025, "2025s", True]}, "2025", 2025),
        ({"enum": [2025, "2025s", True]}, "true", True),
        ({"anyOf": [{"enum": [1, 2]}, NULL]}, "2", 2),
        ({}, '{"a": [1]}', {"a": [1]}),
        ({}, "no json", "no json"),
        ({}, "null", None),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        (_MESSAGE, "hi", {"text": "hi", "files": []}),
    ],
)
def test_a_text_becomes_what_the_schema_wants(schema: Any, word: str, expected: Any) -> None:
    result = value(schema, word)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("items", "words", "expected"),
    [
        (TEXT, ["a", "b"], ["a", "b"]),
        (TEXT, ["a"], ["a"]),
        (TEXT, ["[1"], ["[1"]),
        (TEXT, ['["a", "b"]'], ["a", "b"]),
        (TEXT, ["[]"], []),
        (NUMBER, ["1", "2.5"], [1, 2.5]),
        ({"enum": [1, 2]}, ["1", "2"], [1, 2]),
        ({"type": "object"}, ['{"a": 1}', '{"b": 2}'], [{"a": 1}, {"b": 2}]),
    ],
)
def test_a_list_is_a_repeated_flag_or_json(items: Any, words: list[str], expected: Any) -> None:
    assert value({"type": "array", "items": items}, *words) == expected
    optional = {"anyOf": [{"type": "array", "items": items}, NULL]}
    assert value(optional, *words) == expected


def test_a_text_comes_from_a_file_without_its_last_line_break() -> None:
    Path("a.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert value(TEXT, "@a.txt") == "one\ntwo"
    Path("a.json").write_text(json.dumps({"a": 1}), encoding="utf-8")
    assert value({"type": "object"}, "@a.json") == {"a": 1}


@pytest.mark.parametrize("word", ["@cat.png", "cat.png"])
def test_a_file_is_a_path_with_or_without_the_sign(word: str) -> None:
    Path("cat.png").write_bytes(b"picture")
    result = value({"anyOf": [_FILE, NULL]}, word)
    assert (result.name, result.size) == ("cat.png", 7)
    assert [file.name for file in value({"type": "array", "items": _FILE}, word, word)] == [
        *("cat.png", "cat.png")
    ]
    ((_, file),) = value({"type": "array", "items": _PICTURE}, "@cat.png")[0].items()
    assert file.size == 7


def test_a_file_is_an_address_or_stdin() -> None:
    assert value(_FILE, "https://example.com/cat.png").url == "https://example.com/cat.png"
    assert value(_FILE, "-", stdin=b"12345").size == 5


def test_files_inside_json_are_found_by_the_schema() -> None:
    Path("cat.png").write_bytes(b"picture")
    message = {"text": "@cat.png", "files": ["@cat.png", {"path": "there"}]}
    result = load_files(_MESSAGE, message, InputReader())
    assert result["text"] == "@cat.png"
    assert isinstance(result["files"][0], File)
    assert result["files"][1] == {"path": "there"}


@pytest.mark.parametrize(
    ("schema", "word", "message"),
    [
        (TEXT, "@none.txt", "cannot read 'none.txt': No such file or directory"),
        (_FILE, "none.png", "cannot read 'none.png': No such file or directory"),
        (_FILE, "@.", "is a folder"),
        ({"type": "object"}, "{a: 1}", "expected JSON or @file.json, got '{a: 1}'"),
    ],
)
def test_what_cannot_be_read_is_told(schema: Any, word: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        value(schema, word)
    assert message in caught.value.message


def test_a_file_that_is_no_text_is_told() -> None:
    Path("a.bin").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(InvalidInputError, match="is not a text in UTF-8"):
        value(TEXT, "@a.bin")


def test_stdin_is_read_once() -> None:
    reader = InputReader(b"x")
    assert reader.read_text("-") == "x"
    with pytest.raises(InvalidInputError, match="stdin can be read once"):
        reader.open_file("-")
    with pytest.raises(InvalidInputError, match="lines of --jsonl"):
        InputReader(None).read_text("-")


def test_a_file_of_the_app_is_written_as_json() -> None:
    payload = {"path": "/srv/a.png", "meta": {"_type": "gradio.FileData"}}
    assert value(_FILE, json.dumps(payload)) == payload
    assert value({"type": "array", "items": _FILE}, json.dumps(payload)) == [payload]
    assert value(_FILE, f" {json.dumps(payload)}") == payload


def test_a_file_whose_name_begins_like_json_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "{a}"
    path.write_bytes(b"x")
    assert value(_FILE, f"@{path}").name == "{a}"
    with pytest.raises(InvalidInputError, match="cannot read"):
        value(_FILE, "{a}")
