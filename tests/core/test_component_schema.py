"""What components say about their values."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.app_components import Component
from spacecall._core.component_schema import closed_choices, refuses_all_choices
from spacecall._core.schema_check import find_problems, is_file
from spacecall.endpoints import NO_DEFAULT
from tests.core.apps import corpus_app, endpoint_with, input_with, parameter, protocol_app


def test_the_limits_of_a_slider_come_from_the_component() -> None:
    _, endpoints = protocol_app("6.31.0")
    slider = parameter(endpoints, "/widgets", "slider")
    assert (slider.schema["minimum"], slider.schema["maximum"]) == (2, 20)
    assert slider.description == "from 2 to 20 in steps of 2"
    assert slider.default == 4
    assert find_problems(slider.schema, 21) == ["21 is more than the maximum of 20"]


@pytest.mark.parametrize("version", ["4.44.1", "5.50.0", "6.31.0"])
def test_an_image_may_be_left_empty(version: str) -> None:
    _, endpoints = protocol_app(version)
    image = parameter(endpoints, "/image", "path")
    assert is_file(image.schema)
    assert find_problems(image.schema, None) == []
    assert image.required


def test_what_the_page_shows_empty_may_be_null() -> None:
    assert input_with("number", {"type": "number"}).schema == {
        "anyOf": [{"type": "number"}, {"type": "null"}]
    }
    assert input_with("textbox", {"type": "string"}).schema == {"type": "string"}
    filled = {"parameter_has_default": True, "parameter_default": 5}
    assert input_with("number", {"type": "number"}, entry=filled).schema == {"type": "number"}
    several = input_with("dropdown", {"type": "array", "items": {}}, multiselect=True)
    assert several.schema == {"type": "array", "items": {}}


def test_a_default_of_null_is_admitted_by_the_schema() -> None:
    _, endpoints = corpus_app("audio_subtitle")
    nulls = [
        parameter for parameter in endpoints["/predict"].parameters if parameter.default is None
    ]
    assert nulls
    for nullable in nulls:
        assert is_file(nullable.schema)
        assert find_problems(nullable.schema, None) == []


def test_choices_that_are_open_are_no_choices() -> None:
    _, endpoints = corpus_app("dropdown_custom_value")
    (box,) = endpoints["/lambda"].parameters
    assert box.description == "'goodbye', '123' or any other text"
    assert find_problems(box.schema, "something else") == []
    assert find_problems(box.schema, 5)


def test_open_choices_of_a_list_are_no_choices() -> None:
    type_ = {"type": "array", "items": {"type": "string", "enum": ["a"]}}
    box = input_with(
        "dropdown", type_, multiselect=True, allow_custom_value=True, choices=[["A", "a"]]
    )
    assert box.schema == {"type": "array", "items": {"type": "string"}}
    assert box.description == "'a' or any other text"
    empty = input_with("dropdown", {"type": "string"}, allow_custom_value=True, choices=[])
    assert empty.description == ""


def test_choices_keep_their_own_types() -> None:
    _, endpoints = corpus_app("stock_forecast")
    (radio,) = (
        parameter
        for parameter in endpoints["/predict"].parameters
        if parameter.component == "radio"
    )
    assert find_problems(radio.schema, 2025) == []
    assert find_problems(radio.schema, "2025") == ["'2025' is not one of 2025, 2030, 2035, 2040"]


def test_choices_that_info_does_not_list_come_from_the_component() -> None:
    _, endpoints = protocol_app("3.50.2")
    assert find_problems(parameter(endpoints, "/widgets", "dd").schema, "w") == [
        "'w' is not one of 'x', 'y', 'z'"
    ]
    assert parameter(endpoints, "/widgets", "cbg").schema["items"] == {"enum": ["c1", "c2", "c3"]}
    old = input_with("radio", {"type": "string"}, value="a", choices=["a", "b"])
    assert find_problems(old.schema, "c") == ["'c' is not one of 'a', 'b'"]


def test_empty_choices_say_nothing() -> None:
    assert input_with("dropdown", {"type": "string", "enum": []}, choices=[]).schema == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }


def test_a_default_outside_the_limits_stays_what_the_app_says() -> None:
    _, endpoints = corpus_app("interface_random_slider")
    odd = [
        parameter
        for parameter in endpoints["/predict"].parameters
        if parameter.default is not NO_DEFAULT
        and find_problems(parameter.schema, parameter.default)
    ]
    assert [(parameter.default, parameter.schema["minimum"]) for parameter in odd] == [(0.25, 5)]


@pytest.mark.parametrize(
    ("props", "schema", "description"),
    [
        ({}, {}, ""),
        ({"minimum": 0}, {"minimum": 0}, "at least 0"),
        ({"maximum": 1.5}, {"maximum": 1.5}, "at most 1.5"),
        ({"maximum": 1, "step": 0.1}, {"maximum": 1}, "at most 1 in steps of 0.1"),
        ({"minimum": 0, "maximum": 9, "step": 1}, {"minimum": 0, "maximum": 9}, "from 0 to 9"),
        ({"minimum": 0, "maximum": 9, "step": -1}, {"minimum": 0, "maximum": 9}, "from 0 to 9"),
        ({"minimum": 9, "maximum": 0}, {}, ""),
        ({"minimum": True, "maximum": "9"}, {}, ""),
        ({"info": " Try a few. ", "minimum": 0}, {"minimum": 0}, "Try a few; at least 0"),
    ],
)
def test_limits_and_remarks_of_numbers(
    props: dict[str, Any], schema: dict[str, Any], description: str
) -> None:
    number = input_with("slider", {"type": "number"}, **props)
    assert number.schema == {"type": "number", **schema}
    assert number.description == description


def test_file_inputs_describe_what_they_take() -> None:
    _, endpoints = corpus_app("upload_button")
    (files,) = (parameter for endpoint in endpoints.values() for parameter in endpoint.parameters)
    assert files.description == "any number of files; file types: image, video"


def test_formats_of_text_are_described() -> None:
    time = input_with("datetime", {"type": "string", "description": "Formatted as HH:MM"})
    assert time.description == "Formatted as HH:MM"


def test_an_html_component_may_hold_any_json() -> None:
    endpoint = endpoint_with("html", {"type": "string"}, value=3)
    assert endpoint.parameters[0].schema == {}
    assert endpoint.returns[0].schema == {}
    assert input_with("html", {"type": "string"}, value="<b>").schema == {"type": "string"}
    assert input_with("html", {"type": "string"}).schema == {"type": "string"}


@pytest.mark.parametrize(
    ("kind", "props", "choices"),
    [
        ("dropdown", {"choices": [["A", "a"]]}, ["a"]),
        ("dropdown", {"choices": [["A", "a"]], "allow_custom_value": True}, []),
        ("dropdown", {}, []),
        ("custom", {"choices": [["A", "a"]]}, []),
    ],
)
def test_choices_are_closed_where_a_component_takes_nothing_else(
    kind: str, props: dict[str, Any], choices: list[str]
) -> None:
    assert closed_choices(Component(id=1, type=kind, props=props)) == choices


@pytest.mark.parametrize(
    ("kind", "props", "refuses"),
    [
        ("dropdown", {"choices": []}, True),
        ("dropdown", {"choices": [], "allow_custom_value": True}, False),
        ("radio", {"choices": [["One", 1]]}, False),
        ("radio", {}, False),
        ("textbox", {"choices": []}, False),
    ],
)
def test_without_choices_nothing_is_taken_unless_values_of_ones_own_are(
    kind: str, props: dict[str, Any], refuses: bool
) -> None:
    assert refuses_all_choices(Component(id=1, type=kind, props=props)) is refuses
