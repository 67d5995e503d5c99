"""Finding the files in arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacecall._core.schema_check import find_problems, is_file, map_files
from tests.core.apps import protocol_app

FILE: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {}, "url": {}, "orig_name": {}, "mime_type": {}, "meta": {}},
}
FILES: dict[str, Any] = {
    "$defs": {"FileData": FILE},
    "type": "array",
    "items": {"$ref": "#/$defs/FileData"},
}


def schema_of(version: str, endpoint: str, parameter: str) -> dict[str, Any]:
    _, endpoints = protocol_app(version)
    (match,) = (
        candidate for candidate in endpoints[endpoint].parameters if candidate.name == parameter
    )
    return dict(match.schema)


@pytest.mark.parametrize("version", ["3.50.2", "4.0.2", "4.19.2", "4.44.1", "5.50.0", "6.31.0"])
def test_files_are_recognised_in_every_generation(version: str) -> None:
    image = schema_of(version, "/image", "path" if version > "4.2" else "img_in")
    files = schema_of(version, "/files", "files" if version > "4.2" else "files_in")
    assert is_file(image)
    assert not is_file(files)


def test_files_are_recognised_through_references_and_wrappers() -> None:
    assert is_file({"$ref": "#/$defs/FileData"}, FILES)
    assert is_file({"allOf": [{"$ref": "#/$defs/FileData"}]}, FILES)
    assert is_file({"anyOf": [FILE, {"type": "null"}]})
    assert is_file({"anyOf": [FILE, FILE]})


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "null"},
        {"type": "object", "properties": {"path": {}, "meta": {}}},
        {"anyOf": [FILE, {"type": "string"}]},
        {"anyOf": [FILE, {}]},
        {"$ref": "#/$defs/FileData"},
    ],
)
def test_other_objects_are_no_files(schema: dict[str, Any]) -> None:
    assert not is_file(schema)


@pytest.mark.parametrize("value", ["a.png", b"data", Path("a.png"), {"path": "a"}, {"url": "b"}])
def test_whatever_can_be_a_file_passes_where_a_file_is_wanted(value: object) -> None:
    assert find_problems(FILE, value) == []


@pytest.mark.parametrize("value", [None, 5, ["a.png"], {"name": "a.png"}])
def test_what_cannot_be_a_file_does_not(value: object) -> None:
    (line,) = find_problems(FILE, value)
    assert line.startswith("expected a file, got ")


def test_a_file_or_null() -> None:
    schema = {"anyOf": [FILE, {"type": "null"}]}
    assert find_problems(schema, None) == []
    assert find_problems(schema, 5) == ["expected a file or None, got int 5"]
    assert map_files(schema, None, repr) is None
    assert map_files(schema, "a", repr) == "'a'"


def upload(value: object) -> str:
    return f"<{value}>"


def test_files_in_lists_are_mapped() -> None:
    given_files = ("a", "b", None)
    assert map_files(FILES, given_files, upload) == ["<a>", "<b>", None]
    assert given_files == ("a", "b", None)


def test_files_in_a_message_with_attachments_are_mapped() -> None:
    schema = schema_of("6.31.0", "/add_message", "message")
    message = {"text": "hi", "files": ["a.png", "b.png"]}
    assert find_problems(schema, message) == []
    assert map_files(schema, message, upload) == {"text": "hi", "files": ["<a.png>", "<b.png>"]}
    assert message["files"] == ["a.png", "b.png"]


def test_files_in_a_chat_of_gradio_6_are_mapped() -> None:
    schema = schema_of("6.31.0", "/add_message", "history")
    content = [{"type": "text", "text": "see"}, {"type": "file", "file": "a.png"}]
    chat = [{"role": "user", "content": content}]
    assert find_problems(schema, chat) == []
    (message,) = map_files(schema, chat, upload)
    assert message["content"] == [content[0], {"type": "file", "file": "<a.png>"}]


@pytest.mark.parametrize("version", ["4.44.1", "5.50.0"])
def test_files_in_a_chat_of_gradio_4_and_5_are_mapped(version: str) -> None:
    schema = schema_of(version, "/add_message", "history")
    chat = [
        {"role": "user", "content": {"file": "a.png"}},
        {"role": "user", "content": "a.png is text here"},
    ]
    assert find_problems(schema, chat) == []
    first, second = map_files(schema, chat, upload)
    assert first["content"] == {"file": "<a.png>"}
    assert second == chat[1]


def test_in_a_union_a_text_stays_text_if_it_may() -> None:
    schema = {"anyOf": [FILE, {"type": "string"}]}
    assert map_files(schema, "a", upload) == "a"
    assert map_files(schema, b"a", upload) == "<b'a'>"


def test_a_value_that_fits_no_branch_stays_as_it_is() -> None:
    schema = {"anyOf": [FILES, {"type": "object", "properties": {"f": FILE}}]}
    assert map_files(schema, 5, upload) == 5
    assert map_files(schema, {"f": "a", "g": "b"}, upload) == {"f": "<a>", "g": "b"}


def test_files_are_found_in_every_part_of_a_schema_that_has_several() -> None:
    parts = [{"properties": {"a": FILE}}, {"properties": {"b": FILE}}]
    assert map_files({"allOf": parts}, {"a": "1", "b": "2"}, upload) == {"a": "<1>", "b": "<2>"}
    closed = {"properties": {"a": FILE}, "additionalProperties": False}
    assert map_files(closed, {"a": "1", "z": "2"}, upload) == {"a": "<1>", "z": "2"}
