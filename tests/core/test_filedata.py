"""File payloads: which values they are, what they tell, how they are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.filedata import (
    FileData,
    is_file_data,
    make_file_data,
    parse_file_data,
    replace_files,
)

FILE: dict[str, Any] = {
    "path": "/srv/a.png",
    "url": "http://host/file=/srv/a.png",
    "orig_name": "a.png",
    "size": 12,
    "mime_type": "image/png",
    "meta": {"_type": "gradio.FileData"},
}
OLD = {"path": "/srv/a", "url": None, "size": 1, "orig_name": "a", "mime_type": None}


@pytest.mark.parametrize("value", [FILE, OLD, {"meta": {"_type": "gradio.FileData"}}])
def test_a_payload_is_known_by_its_meta_or_by_its_fields(value: object) -> None:
    assert is_file_data(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "a.png",
        [FILE],
        {},
        {"path": "/srv/a"},
        {"path": "/srv/a", "orig_name": "a"},
        {"meta": {"_type": "something.Else"}, **OLD},
        {"meta": {}},
        {"meta": "gradio.FileData"},
    ],
)
def test_other_values_are_no_files(value: object) -> None:
    assert not is_file_data(value)


def test_a_payload_is_read() -> None:
    assert parse_file_data(FILE) == FileData(
        path="/srv/a.png",
        url="http://host/file=/srv/a.png",
        orig_name="a.png",
        size=12,
        mime_type="image/png",
    )


@pytest.mark.parametrize("size", [None, "12", 1.5, True, -1, [12]])
def test_a_size_that_is_no_size_counts_as_missing(size: object) -> None:
    assert parse_file_data({**FILE, "size": size}).size is None


@pytest.mark.parametrize("field", ["path", "url", "orig_name", "mime_type"])
@pytest.mark.parametrize("value", [None, "", 3, ["a"]])
def test_a_text_that_is_no_text_counts_as_missing(field: str, value: object) -> None:
    assert getattr(parse_file_data({**FILE, field: value}), field) is None


def test_what_is_written_reads_as_a_file() -> None:
    written = make_file_data("/srv/a", url="u", orig_name="a", size=None, mime_type=None)
    assert written["meta"] == {"_type": "gradio.FileData"}
    assert is_file_data(written)
    assert parse_file_data(written) == FileData("/srv/a", "u", "a", None, None)


def test_every_payload_has_a_meta_of_its_own() -> None:
    left, right = (
        make_file_data("p", url="u", orig_name="n", size=1, mime_type=None) for _ in range(2)
    )
    left["meta"]["changed"] = True
    assert "changed" not in right["meta"]


def name_of(payload: Mapping[str, Any]) -> str:
    return f"<{payload['orig_name']}>"


def test_files_are_replaced_wherever_they_stand() -> None:
    value = {"a": [FILE, {"image": FILE, "caption": "one"}], "b": [1, [2]], "c": FILE}
    assert replace_files(value, name_of) == {
        "a": ["<a.png>", {"image": "<a.png>", "caption": "one"}],
        "b": [1, [2]],
        "c": "<a.png>",
    }
    assert replace_files(FILE, name_of) == "<a.png>"


def test_what_holds_no_file_stays_the_same_object() -> None:
    value = {"with": [FILE], "without": [{"deep": [1, 2]}]}
    replaced = replace_files(value, name_of)
    assert replaced["without"] is value["without"]
    assert value["with"] == [FILE], "the value itself is not changed"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
        max_leaves=10,
    )
)
def test_any_value_without_files_comes_back_as_it_is(value: Any) -> None:
    assert replace_files(value, name_of) is value
