"""What components give beyond what /info says, as it was measured on real servers."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.app_components import Component
from spacecall._core.component_outputs import (
    holds_any_json,
    may_return_none,
    relax_output,
    restore_number,
)
from spacecall._core.gradio3_files import FILE_SCHEMA
from spacecall._core.null_values import ACCEPTS_NONE, MEASURED, RETURNS_NONE
from spacecall._core.schema_check import find_problems

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
FILES = {"type": "array", "items": FILE_SCHEMA}
A_FILE: dict[str, Any] = {"path": "a.txt", "url": "http://x/a", "orig_name": "a", "meta": {}}


def relaxed(kind: str, schema: Any, major: int = 6, **props: Any) -> dict[str, Any]:
    return relax_output(schema, Component(id=1, type=kind, props=props), (major,))


@pytest.mark.parametrize("kind", ["textbox", "markdown", "html", "code", "number", "image", "plot"])
@pytest.mark.parametrize("major", [3, 4, 5, 6, 7])
def test_what_gives_none_admits_it(kind: str, major: int) -> None:
    assert find_problems(relaxed(kind, TEXT, major), None) == []
    assert find_problems(relaxed(kind, TEXT, major), "x") == []
    assert find_problems(relaxed(kind, TEXT, major), 5) != []


@pytest.mark.parametrize("kind", ["slider", "chatbot", "gallery", "label", "dataframe", "api"])
def test_what_never_gives_none_does_not_admit_it(kind: str) -> None:
    assert relaxed(kind, NUMBER) == NUMBER


def test_a_checkbox_gives_none_up_to_gradio_4() -> None:
    assert [may_return_none("checkbox", (major,)) for major in (3, 4, 5, 6, 7)] == [
        *(True, True),
        *(False, False, False),
    ]


def test_what_was_not_measured_may_give_none() -> None:
    assert may_return_none("starrating", (6,))
    assert may_return_none("slider", ())  # the app does not say which Gradio it is
    assert may_return_none("timer", (3,))  # it was not there


def test_a_schema_that_admits_null_stays_as_it_is() -> None:
    union = {"anyOf": [{"type": "null"}, TEXT]}
    assert relaxed("textbox", union) == union
    assert relaxed("json", {}) == {}


def test_a_component_for_one_file_may_give_several() -> None:
    for kind in ("file", "uploadbutton"):
        schema = relaxed(kind, {**FILE_SCHEMA, "description": "a file", "$defs": {"A": TEXT}})
        assert schema["description"] == "a file"
        assert schema["$defs"] == {"A": TEXT}
        for value in (A_FILE, [A_FILE, A_FILE], [], None):
            assert find_problems(schema, value) == []
        assert find_problems(schema, [A_FILE, 5]) != []
    assert find_problems(relaxed("downloadbutton", dict(FILE_SCHEMA)), [A_FILE]) != []
    assert find_problems(relaxed("file", FILES), [A_FILE]) == []
    assert relaxed("file", TEXT) == {"anyOf": [TEXT, {"type": "null"}]}


def test_files_of_gradio_3_are_typed_as_they_come() -> None:
    assert find_problems(relaxed("video", FILE_SCHEMA, 3), [A_FILE, None]) == []
    pairs = {"type": "array", "items": {"type": "array", "items": [FILE_SCHEMA, TEXT]}}
    gallery = relaxed("gallery", pairs, 3)
    assert find_problems(gallery, [A_FILE, [A_FILE, "caption"]]) == []
    assert relaxed("uploadbutton", FILE_SCHEMA, 3) == {}


def test_choices_are_examples() -> None:
    choices = relaxed("radio", {"enum": ["a", 1, None], "title": "Way"})
    assert choices["title"] == "Way"
    for value in ("a", "other", 5, 1.5, None):
        assert find_problems(choices, value) == []
    assert find_problems(choices, True) != []
    assert relaxed("radio", {"enum": [True]})["anyOf"][1] == {"type": "null"}
    several = relaxed("checkboxgroup", {"type": "array", "items": {"enum": [0.5]}})
    assert find_problems(several, [0.5, 7.25, 3]) == []


def test_choices_that_come_later_are_texts_or_numbers() -> None:
    later = relaxed("dropdown", {"type": "string", "description": "pick"})
    for value in ("a", 5, 1.5, None):
        assert find_problems(later, value) == []
    assert find_problems(later, ["a"]) != []


def test_html_that_is_not_plain_text_holds_anything() -> None:
    assert relaxed("html", TEXT, value={"a": 1}) == {}
    assert relaxed("html", TEXT, value=None, html_template="<b>${value.name}</b>") == {}
    for props in ({}, {"value": "x", "html_template": "${value}"}, {"html_template": None}):
        assert not holds_any_json(Component(id=1, type="html", props=props))
    assert not holds_any_json(Component(id=1, type="textbox", props={"value": 5}))


def test_the_measurements_agree_with_each_other() -> None:
    for table in (RETURNS_NONE, ACCEPTS_NONE):
        for kind, majors in table.items():
            assert set(majors) <= set(MEASURED[kind])


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        ("number", "7", 7),
        ("slider", "-0.5", -0.5),
        ("number", "007", "007"),
        ("number", "7 kg", "7 kg"),
        ("number", "nan", "nan"),
        ("number", 7, 7),
        ("textbox", "7", "7"),
    ],
)
def test_a_number_of_numpy_is_a_number_though_gradio_sends_a_text(
    kind: str, value: object, number: object
) -> None:
    read = restore_number(value, Component(id=1, type=kind))
    assert (read, type(read)) == (number, type(number))
