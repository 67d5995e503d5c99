"""Files of Gradio 3, and the same as FileData."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.filedata import is_file_data
from spacecall._core.gradio3_files import from_gradio3, is_gradio3_file, to_gradio3
from spacecall._core.schema_check import map_files
from tests.core.apps import protocol_app

OLD = {"name": "/files/a.txt", "orig_name": "a.txt", "size": 3, "data": None, "is_file": True}
PNG = "data:image/png;base64,iVBORw=="


def test_a_file_is_read_and_written_back_the_same() -> None:
    payload = from_gradio3(OLD, "file")
    assert is_file_data(payload)
    assert payload["path"] == "/files/a.txt"
    assert to_gradio3(payload) == OLD


def test_an_image_is_a_data_url_both_ways() -> None:
    payload = from_gradio3(PNG, "image")
    assert is_file_data(payload)
    assert to_gradio3(payload) == PNG


def test_files_are_found_in_lists_and_objects() -> None:
    result = from_gradio3([[OLD, "a caption"], {"mask": OLD, "n": 1}], "gallery")
    assert result[0][0]["path"] == "/files/a.txt"
    assert result[0][1] == "a caption"
    assert result[1]["mask"]["path"] == "/files/a.txt"
    assert result[1]["n"] == 1


def test_a_file_that_holds_its_bytes_keeps_its_name() -> None:
    payload = from_gradio3({**OLD, "data": PNG, "is_file": False}, "file")
    assert (payload["url"], payload["orig_name"]) == (PNG, "a.txt")


def test_a_stream_of_a_file_stays_one() -> None:
    stream = {"name": "/stream/a/1", "is_stream": True}
    payload = from_gradio3(stream, "audio")
    assert (payload["path"], payload["is_stream"]) == ("/stream/a/1", True)


def test_a_text_that_looks_like_an_image_is_one_only_in_an_image() -> None:
    assert from_gradio3(PNG, "textbox") == PNG
    assert from_gradio3("no data URL", "image") == "no data URL"
    assert from_gradio3(None, "image") is None


@pytest.mark.parametrize(
    ("endpoint", "value"), [("/image", "a.png"), ("/audio", "a.wav"), ("/files", ["a", "b"])]
)
def test_file_parameters_of_3_50_take_files(endpoint: str, value: Any) -> None:
    _, endpoints = protocol_app("3.50.2")
    (parameter,) = endpoints[endpoint].parameters
    result: list[str] = []
    map_files(parameter.schema, value, result.append)
    assert result == ([value] if isinstance(value, str) else value)


def test_other_objects_are_no_old_files() -> None:
    assert not is_gradio3_file({"type": "string", "description": "an image"})
    assert not is_gradio3_file({"type": "object", "properties": {"name": {}, "data": {}}})


@pytest.mark.parametrize("kind", ["json", "label", "dataframe", "textbox", "state"])
def test_objects_of_components_without_files_stay_what_they_are(kind: str) -> None:
    assert from_gradio3({"data": [OLD, PNG]}, kind) == {"data": [OLD, PNG]}
