"""Bare files for a Gallery and an ImageEditor."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError
from spacecall._core.app_components import Component
from spacecall._core.gradio3_files import FILE_SCHEMA
from spacecall._core.schema_check import find_problems
from spacecall._core.wrapped_files import wrap_files

GALLERY = Component(id=1, type="gallery")
EDITOR = Component(id=1, type="imageeditor")
IMAGES: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"image": FILE_SCHEMA, "caption": {"type": "string"}},
    },
}
MEDIA: dict[str, Any] = {
    "type": "array",
    "items": {"anyOf": [IMAGES["items"], {"$ref": "#/$defs/Video"}]},
    "$defs": {"Video": {"type": "object", "properties": {"video": FILE_SCHEMA}}},
}
PAIRS: dict[str, Any] = {"type": "array", "items": {"type": "array", "items": FILE_SCHEMA}}
PAYLOAD = {"path": "a.mp4", "meta": {"_type": "gradio.FileData"}}


class Image:
    """What an image of Pillow has."""

    mode = "RGB"

    def save(self, file: object) -> None: ...


@pytest.mark.parametrize(
    "file", [Image(), b"x", Path("a.png"), "a.png", File(b"x"), io.BytesIO(b"x")]
)
def test_a_file_in_the_list_of_a_gallery_is_an_entry(file: Any) -> None:
    assert wrap_files([file], GALLERY, MEDIA) == [{"image": file}]
    assert wrap_files(((file, "a caption"),), GALLERY, MEDIA) == [
        {"image": file, "caption": "a caption"}
    ]
    assert wrap_files([[file, None]], GALLERY, IMAGES) == [{"image": file, "caption": None}]


@pytest.mark.parametrize(
    "file", [Path("a.mp4"), "a.mp4", File(b"x", name="a.mp4"), b"0000ftypmp42", PAYLOAD]
)
def test_a_video_is_an_entry_of_its_own_kind_where_there_is_one(file: Any) -> None:
    assert wrap_files([file], GALLERY, MEDIA) == [{"video": file}]
    assert wrap_files([file], GALLERY, IMAGES) == [{"image": file}]


@pytest.mark.parametrize(
    "item", [{"image": b"x"}, ["a", "b", "c"], [1, "a"], ["a", 1], 5, None, []]
)
def test_what_is_no_bare_file_stays_as_it_is(item: Any) -> None:
    assert wrap_files([item], GALLERY, MEDIA) == [item]


def test_entries_of_gradio_3_stay_pairs() -> None:
    entries = [[b"x", "a caption"], b"x"]
    assert wrap_files(entries, GALLERY, PAIRS) == entries
    assert wrap_files("a.png", GALLERY, MEDIA) == "a.png"


def test_images_become_entries_where_the_schema_is_not_known() -> None:
    image = Image()
    assert wrap_files([image, b"x"], GALLERY, {}) == [{"image": image}, b"x"]


@pytest.mark.parametrize("file", [Image(), b"x", File(b"x")])
def test_a_file_for_an_editor_is_its_background(file: Any) -> None:
    value = wrap_files(file, EDITOR, {})
    assert isinstance(value["background"], File)
    assert value["composite"] is value["background"]
    assert value["layers"] == []


def test_other_values_for_an_editor_stay_as_they_are() -> None:
    drawn: dict[str, Any] = {"background": b"x", "layers": [], "composite": None}
    assert wrap_files(drawn, EDITOR, {}) is drawn
    assert wrap_files(5, EDITOR, {}) == 5


@pytest.mark.parametrize("mode", ["CMYK", "F", "HSV", "I", "YCbCr"])
def test_an_image_that_is_no_png_is_refused_before_it_is_sent(mode: str) -> None:
    image = Image()
    image.mode = mode
    with pytest.raises(InvalidInputError, match=f"mode {mode} cannot .*: write image.convert"):
        wrap_files(image, EDITOR, {})


@pytest.mark.parametrize("schema", [IMAGES, MEDIA, {"type": "array", "items": FILE_SCHEMA}])
def test_a_single_file_for_a_list_is_told_what_to_write(schema: Any) -> None:
    (line,) = find_problems(schema, Path("a.png"))
    assert line.endswith(": write [ … ]")
    assert "write" not in find_problems(schema, 5)[0]
    assert "write" not in find_problems({"type": "array", "items": {"type": "string"}}, "x")[0]
