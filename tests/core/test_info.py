"""Reading /info together with /config."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.config import AppConfig, read_config
from spacecall._core.info import read_endpoints
from spacecall._core.schema_check import is_file, problems
from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter
from spacecall.errors import ProtocolError
from tests.core.apps import CORPUS, VERSIONS, captured, corpus_app, dependency, protocol_app


def parameter(endpoints: Any, endpoint: str, name: str) -> Parameter:
    found: Endpoint = endpoints[endpoint]
    (one,) = (each for each in found.parameters if each.name == name)
    return one


def endpoint_with(kind: str, type_: object, *, entry: Any = None, **props: Any) -> Endpoint:
    """The endpoint of an app whose only function takes and gives one component."""
    components = [{"id": 5, "type": kind, "props": {"name": kind, **props}, "skip_api": False}]
    config = read_config(
        {
            "components": components,
            "dependencies": [{"api_name": "f", "inputs": [5], "outputs": [5]}],
        }
    )
    slot: dict[str, Any] = {
        "component": kind.capitalize(),
        "type": type_,
        "parameter_name": "x",
        **(entry or {}),
    }
    info = {"named_endpoints": {"/f": {"parameters": [slot], "returns": [slot]}}}
    return read_endpoints(config, info)["/f"]


def input_with(kind: str, type_: object, *, entry: Any = None, **props: Any) -> Parameter:
    return endpoint_with(kind, type_, entry=entry, **props).parameters[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_generation_tells_the_same_app(version: str) -> None:
    config, endpoints = protocol_app(version)
    assert list(endpoints) == list(captured(version, "info")["named_endpoints"])
    echo = endpoints["/echo"]
    assert [one.schema for one in echo.parameters] == [{"type": "string"}]
    assert [(one.label, one.component) for one in echo.returns] == [("text out", "textbox")]
    assert (echo.streaming, echo.queued, echo.stateful) == (False, True, False)
    assert endpoints["/stream_text"].streaming
    assert not endpoints["/noqueue"].queued
    assert endpoints["/chat"].stateful
    for endpoint in endpoints.values():
        one = dependency(config, endpoint.name)
        assert len(one.fill(endpoint.parameters)) == len(one.inputs)
        assert len(endpoint.returns) == len(one.visible_returns)


def test_names_and_descriptions_are_the_functions_own() -> None:
    _, endpoints = protocol_app("6.31.0")
    assert [one.name for one in endpoints["/chat"].parameters] == ["message", "history"]
    assert endpoints["/echo"].description == "Echo the text back."
    assert endpoints["/echo"].visibility == "public"


def test_before_names_were_sent_they_are_made_of_labels() -> None:
    _, endpoints = protocol_app("4.19.2")
    names = [one.name for one in endpoints["/widgets"].parameters]
    assert names == ["dd", "ddm", "radio", "cbg", "slider", "cb", "df", "json_in"]


def test_the_limits_of_a_slider_come_from_the_component() -> None:
    _, endpoints = protocol_app("6.31.0")
    slider = parameter(endpoints, "/widgets", "slider")
    assert (slider.schema["minimum"], slider.schema["maximum"]) == (2, 20)
    assert slider.description == "from 2 to 20 in steps of 2"
    assert slider.default == 4
    assert problems(slider.schema, 21) == ["21 is more than the maximum of 20"]


def test_defaults_are_there_only_when_the_app_has_them() -> None:
    _, endpoints = protocol_app("6.31.0")
    assert parameter(endpoints, "/add", "a").default is NO_DEFAULT
    assert parameter(endpoints, "/add", "a").required
    assert parameter(endpoints, "/add", "b").default == 10
    optional = parameter(endpoints, "/api_fn", "c")
    assert optional.default is None
    assert not optional.required
    assert optional.schema == {"oneOf": [{"type": "null"}, {"type": "number"}]}


@pytest.mark.parametrize("version", ["5.50.0", "6.31.0"])
def test_functions_without_a_page_are_read_like_others(version: str) -> None:
    _, endpoints = protocol_app(version)
    api = endpoints["/api_fn"]
    assert [(one.name, one.component) for one in api.parameters] == [(n, "api") for n in "abcd"]
    assert api.parameters[1].schema == {"type": "array", "items": {"type": "string"}}
    assert api.returns[0].schema == {"type": "object", "additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize("version", ["4.44.1", "5.50.0", "6.31.0"])
def test_an_image_may_be_left_empty(version: str) -> None:
    _, endpoints = protocol_app(version)
    image = parameter(endpoints, "/image", "path")
    assert is_file(image.schema)
    assert problems(image.schema, None) == []
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
    nulls = [one for one in endpoints["/predict"].parameters if one.default is None]
    assert nulls
    for one in nulls:
        assert is_file(one.schema)
        assert problems(one.schema, None) == []


def test_choices_that_are_open_are_no_choices() -> None:
    _, endpoints = corpus_app("dropdown_custom_value")
    (box,) = endpoints["/lambda"].parameters
    assert box.description == "'goodbye', '123' or any other text"
    assert problems(box.schema, "something else") == []
    assert problems(box.schema, 5)


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
    (radio,) = (one for one in endpoints["/predict"].parameters if one.component == "radio")
    assert problems(radio.schema, 2025) == []
    assert problems(radio.schema, "2025") == ["'2025' is not one of 2025, 2030, 2035, 2040"]


def test_choices_that_info_does_not_list_come_from_the_component() -> None:
    _, endpoints = protocol_app("3.50.2")
    assert problems(parameter(endpoints, "/widgets", "dd").schema, "w") == [
        "'w' is not one of 'x', 'y', 'z'"
    ]
    assert parameter(endpoints, "/widgets", "cbg").schema["items"] == {"enum": ["c1", "c2", "c3"]}
    old = input_with("radio", {"type": "string"}, value="a", choices=["a", "b"])
    assert problems(old.schema, "c") == ["'c' is not one of 'a', 'b'"]


def test_empty_choices_say_nothing() -> None:
    assert input_with("dropdown", {"type": "string", "enum": []}, choices=[]).schema == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }


def test_a_default_outside_the_limits_stays_what_the_app_says() -> None:
    _, endpoints = corpus_app("interface_random_slider")
    odd = [
        one
        for one in endpoints["/predict"].parameters
        if one.default is not NO_DEFAULT and problems(one.schema, one.default)
    ]
    assert [(one.default, one.schema["minimum"]) for one in odd] == [(0.25, 5)]


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
    (files,) = (one for each in endpoints.values() for one in each.parameters)
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


def test_a_label_made_of_an_id_is_no_label() -> None:
    _, endpoints = corpus_app("bar_plot")
    config, _ = corpus_app("bar_plot")
    for endpoint in endpoints.values():
        made_up = f"value_{dependency(config, endpoint.name).visible_returns[0].id}"
        assert made_up not in [one.label for one in endpoint.returns]
    kept = endpoint_with("textbox", {}, entry={"label": "value_5"}, label="value_5")
    assert kept.returns[0].label == "value_5"
    assert endpoint_with("textbox", {}, entry={"label": "parameter_5"}).returns[0].label == ""


def test_components_are_called_as_in_info() -> None:
    _, endpoints = corpus_app("bar_plot")
    assert {one.component for each in endpoints.values() for one in each.returns} == {"barplot"}


def test_any_json_stays_any_json() -> None:
    _, endpoints = corpus_app("navbar_customization")
    (navbar,) = {one.component: one for each in endpoints.values() for one in each.returns}.values()
    assert (navbar.component, navbar.schema) == ("navbar", {})


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["Text in", "text-in!", "TEXT IN"], ["text_in", "text_in_2", "text_in_3"]),
        (["class", "1st", "", "😀"], ["class_", "param_1st", "param_2", "param_3"]),
        (["Größe", "名前", "ﬁn"], ["Größe", "名前", "ﬁn"]),
        (["²x", "x" * 100], ["param_2x", "x" * 100]),
        (["a " * 100], [("a_" * 30)[:-1]]),
        (["⁀", "x·y"], ["param_0", "x·y"]),
    ],
)
def test_names_made_of_labels_are_keywords_and_differ(labels: list[str], names: list[str]) -> None:
    ids = range(len(labels))
    config = read_config(
        {
            "components": [{"id": i, "type": "textbox", "skip_api": False} for i in ids],
            "dependencies": [{"api_name": "f", "inputs": [*ids]}],
        }
    )
    slots = [{"label": label, "component": "Textbox"} for label in labels]
    endpoints = read_endpoints(config, {"named_endpoints": {"/f": {"parameters": slots}}})
    found = [one.name for one in endpoints["/f"].parameters]
    assert found == names
    assert all(name.isidentifier() for name in found)


def two_functions(**second: Any) -> AppConfig:
    component = {"id": 1, "type": "textbox", "props": {"label": "Text"}, "skip_api": False}
    first = {"api_name": "f", "api_visibility": "public", "inputs": [1], "outputs": []}
    return read_config(
        {"components": [component], "dependencies": [first, *([second] if second else [])]}
    )


def test_when_info_disagrees_about_the_only_function_it_is_trusted() -> None:
    slots = [{"parameter_name": "a", "component": "Number", "type": {"type": "number"}}] * 2
    info = {"named_endpoints": {"/f": {"parameters": slots, "returns": []}}}
    found = read_endpoints(two_functions(), info)["/f"]
    assert [(one.name, one.component) for one in found.parameters] == [
        ("a", "number"),
        ("a_2", "number"),
    ]


def test_when_info_tells_of_another_function_of_the_name_the_component_speaks() -> None:
    config = two_functions(api_name="f", api_visibility="undocumented", inputs=[], outputs=[])
    info: Any = {"named_endpoints": {"/f": {"parameters": [], "returns": [], "description": None}}}
    found = read_endpoints(config, info)["/f"]
    assert [(one.name, one.label, one.schema) for one in found.parameters] == [("Text", "Text", {})]
    assert found.description == ""


def test_what_only_info_knows_is_left_out() -> None:
    info: Any = {"named_endpoints": {"/gone": {"parameters": [], "returns": []}, "/f": None}}
    assert list(read_endpoints(two_functions(), info)) == ["/f"]


@pytest.mark.parametrize("info", [None, [], {}, {"named_endpoints": []}, {"detail": "x"}])
def test_what_is_no_info_is_refused(info: object) -> None:
    with pytest.raises(ProtocolError, match="not a Gradio /info"):
        read_endpoints(two_functions(), info)


@pytest.mark.parametrize("name", CORPUS)
def test_real_apps_are_read_whole(name: str) -> None:
    config, endpoints = corpus_app(name)
    assert endpoints
    for endpoint in endpoints.values():
        one = dependency(config, endpoint.name)
        names = [each.name for each in endpoint.parameters]
        assert len(set(names)) == len(names) == len(one.visible_inputs)
        assert len(endpoint.returns) == len(one.visible_returns)
        assert endpoint.visibility == "public"
