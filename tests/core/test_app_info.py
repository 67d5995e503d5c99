"""Reading /info together with /config."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core import app_info
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.endpoints import NO_DEFAULT, Endpoint
from spacecall.errors import ProtocolError
from tests.core.apps import (
    CORPUS,
    VERSIONS,
    captured,
    corpus_app,
    dependency,
    endpoint_with,
    input_with,
    parameter,
    protocol_app,
)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_generation_tells_the_same_app(version: str) -> None:
    config, endpoints = protocol_app(version)
    assert list(endpoints) == list(captured(version, "info")["named_endpoints"])
    echo = endpoints["/echo"]
    assert [slot.schema for slot in echo.parameters] == [{"type": "string"}]
    assert [(slot.label, slot.component) for slot in echo.returns] == [("text out", "textbox")]
    assert (echo.streaming, echo.queued, echo.stateful) == (False, True, False)
    assert endpoints["/stream_text"].streaming
    assert not endpoints["/noqueue"].queued
    assert endpoints["/chat"].stateful
    for endpoint in endpoints.values():
        function = dependency(config, endpoint.name)
        assert len(function.fill_slots(endpoint.parameters)) == len(function.inputs)
        assert len(endpoint.returns) == len(function.visible_returns)


def test_names_and_descriptions_are_the_functions_own() -> None:
    _, endpoints = protocol_app("6.31.0")
    assert [slot.name for slot in endpoints["/chat"].parameters] == ["message", "history"]
    assert endpoints["/echo"].description == "Echo the text back."
    assert endpoints["/echo"].visibility == "public"


def test_before_names_were_sent_they_are_made_of_labels() -> None:
    _, endpoints = protocol_app("4.19.2")
    names = [slot.name for slot in endpoints["/widgets"].parameters]
    assert names == ["dd", "ddm", "radio", "cbg", "slider", "cb", "df", "json_in"]


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
    assert [(slot.name, slot.component) for slot in api.parameters] == [(n, "api") for n in "abcd"]
    assert api.parameters[1].schema == {"type": "array", "items": {"type": "string"}}
    assert api.returns[0].schema == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_a_label_made_of_an_id_is_no_label() -> None:
    _, endpoints = corpus_app("bar_plot")
    config, _ = corpus_app("bar_plot")
    for endpoint in endpoints.values():
        made_up = f"value_{dependency(config, endpoint.name).visible_returns[0].id}"
        assert made_up not in [slot.label for slot in endpoint.returns]
    labelled = endpoint_with("textbox", {}, entry={"label": "value_5"}, label="value_5")
    assert labelled.returns[0].label == "value_5"
    assert endpoint_with("textbox", {}, entry={"label": "parameter_5"}).returns[0].label == ""


def test_a_label_that_the_page_translates_is_the_end_of_its_key() -> None:
    key = '__i18n__{"__type__": "translation_metadata", "key": "chat_interface.new_chat"}'
    assert input_with("textbox", {}, entry={"label": key}).label == "new chat"
    assert input_with("textbox", {}, entry={"label": "__i18n__{"}).label == "__i18n__{"


def test_labels_and_remarks_are_translated_as_the_app_says() -> None:
    def mark(key: str) -> str:
        return f'__i18n__{{"__type__": "translation_metadata", "key": "{key}"}}'

    def endpoint(**config: Any) -> Endpoint:
        props = {"label": mark("label"), "info": f"{mark('remark')} or not"}
        app = {
            "components": [{"id": 1, "type": "textbox", "props": props}],
            "dependencies": [{"id": 0, "api_name": "f", "inputs": [1], "outputs": []}],
        }
        entry = {"component": "Textbox", "type": {"type": "string"}, "label": mark("label")}
        info = {"named_endpoints": {"/f": {"parameters": [entry], "returns": []}}}
        return parse_endpoints(parse_config({**app, **config}), info)["/f"]

    english, german = {"label": "Name", "remark": "Yours"}, {"label": "Ihr Name"}
    translated = endpoint(i18n_translations={"de": german, "en": english}).parameters[0]
    assert (translated.label, translated.description) == ("Name", "Yours or not")
    slot = endpoint(i18n_translations={"de": german}).parameters[0]
    assert (slot.label, slot.description) == ("Ihr Name", "remark or not")
    no_translations: list[object] = [None, [], {"en": None}, {"en": {"label": 1}}, {}]
    for odd in no_translations:
        assert endpoint(i18n_translations=odd).parameters[0].label == "label"


def test_a_label_without_end_is_cut() -> None:
    label = input_with("textbox", {}, entry={"label": "x" * 10_000}).label
    assert label == "x" * 1000 + "…"


def test_components_are_called_as_in_info() -> None:
    _, endpoints = corpus_app("bar_plot")
    assert {slot.component for item in endpoints.values() for slot in item.returns} == {"barplot"}


def test_any_json_stays_any_json() -> None:
    _, endpoints = corpus_app("navbar_customization")
    (navbar,) = {
        slot.component: slot for item in endpoints.values() for slot in item.returns
    }.values()
    assert (navbar.component, navbar.schema) == ("navbar", {})


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["Text in", "text-in!", "TEXT IN"], ["text_in", "text_in_2", "text_in_3"]),
        (["class", "1st", "", "😀"], ["class_", "value_1st", "textbox", "textbox_2"]),
        (["Größe", "名前", "ﬁn", "Café"], ["größe", "名前", "fin", "café"]),
        (["²x", "x" * 100], ["value_2x", "x" * 60]),
        (["a " * 100], [("a_" * 30)[:-1]]),
    ],
)
def test_names_made_of_labels_are_keywords_and_differ(labels: list[str], names: list[str]) -> None:
    ids = range(len(labels))
    config = parse_config(
        {
            "components": [{"id": i, "type": "textbox", "skip_api": False} for i in ids],
            "dependencies": [{"api_name": "f", "inputs": [*ids]}],
        }
    )
    slots = [{"label": label, "component": "Textbox"} for label in labels]
    endpoints = parse_endpoints(config, {"named_endpoints": {"/f": {"parameters": slots}}})
    endpoint_f = [slot.name for slot in endpoints["/f"].parameters]
    assert endpoint_f == names
    assert all(name.isidentifier() for name in endpoint_f)


@pytest.mark.parametrize(
    ("function_name", "name", "name_from_label"),
    [
        ("wide", "wide", False),
        ("self", "self", False),
        ("class", "class_", False),
        ("first name", "first_name", False),
        ("param_0", "width", True),
        ("😀", "width", True),
        (None, "width", True),
    ],
)
def test_a_parameter_says_whether_its_label_names_it(
    function_name: str | None, name: str, *, name_from_label: bool
) -> None:
    slot = {"parameter_name": function_name, "label": "Width", "component": "Textbox"}
    endpoints = parse_endpoints(
        two_functions(), {"named_endpoints": {"/f": {"parameters": [slot]}}}
    )
    (width,) = endpoints["/f"].parameters
    assert (width.name, width.name_from_label) == (name, name_from_label)


def two_functions(**second: Any) -> AppConfig:
    component = {"id": 1, "type": "textbox", "props": {"label": "Text"}, "skip_api": False}
    first = {"api_name": "f", "api_visibility": "public", "inputs": [1], "outputs": []}
    return parse_config(
        {"components": [component], "dependencies": [first, *([second] if second else [])]}
    )


def test_when_info_disagrees_about_the_only_function_it_is_trusted() -> None:
    slots = [{"parameter_name": "a", "component": "Number", "type": {"type": "number"}}] * 2
    info = {"named_endpoints": {"/f": {"parameters": slots, "returns": []}}}
    endpoint_f = parse_endpoints(two_functions(), info)["/f"]
    assert [(slot.name, slot.component) for slot in endpoint_f.parameters] == [
        ("a", "number"),
        ("a_2", "number"),
    ]


def test_when_info_tells_of_another_function_of_the_name_the_component_speaks() -> None:
    config = two_functions(api_name="f", api_visibility="undocumented", inputs=[], outputs=[])
    info: Any = {"named_endpoints": {"/f": {"parameters": [], "returns": [], "description": None}}}
    endpoint_f = parse_endpoints(config, info)["/f"]
    assert [(slot.name, slot.label, slot.schema) for slot in endpoint_f.parameters] == [
        ("text", "Text", {})
    ]
    assert endpoint_f.description == ""


def test_what_only_info_knows_is_left_out() -> None:
    info: Any = {"named_endpoints": {"/gone": {"parameters": [], "returns": []}, "/f": None}}
    assert list(parse_endpoints(two_functions(), info)) == ["/f"]


@pytest.mark.parametrize("info", [None, [], {}, {"named_endpoints": []}, {"detail": "x"}])
def test_what_is_no_info_is_refused(info: object) -> None:
    with pytest.raises(ProtocolError, match="not a Gradio /info"):
        parse_endpoints(two_functions(), info)


@pytest.mark.parametrize("name", CORPUS)
def test_real_apps_are_read_whole(name: str) -> None:
    config, endpoints = corpus_app(name)
    assert endpoints
    for endpoint in endpoints.values():
        function = dependency(config, endpoint.name)
        names = [slot.name for slot in endpoint.parameters]
        assert len(set(names)) == len(names) == len(function.visible_inputs)
        assert len(endpoint.returns) == len(function.visible_returns)
        assert endpoint.visibility == "public"


@pytest.mark.parametrize("props", [{"default_value": {"theme": "dark"}}, {}])
def test_a_browser_state_starts_with_its_own_default(props: dict[str, Any]) -> None:
    stored = input_with("browserstate", {}, **props)
    assert not stored.required
    assert stored.default == props.get("default_value")


def endpoint_of(function: dict[str, Any], info: dict[str, Any]) -> Endpoint:
    """The endpoint of an app whose only function takes an image of id 5."""
    components = [{"id": 5, "type": "image", "props": {"name": "image"}, "skip_api": False}]
    dependencies = [{"api_name": "f", "inputs": [5], "outputs": [], **function}]
    config = parse_config({"components": components, "dependencies": dependencies})
    return parse_endpoints(config, {"named_endpoints": {"/f": info}})["/f"]


@pytest.mark.parametrize(
    ("told", "oauth"),
    [("required", "required"), ("optional", "optional"), ("odd", None), (1, None)],
)
def test_an_endpoint_says_whether_it_takes_a_users_token(told: object, oauth: str | None) -> None:
    assert endpoint_of({}, {"oauth_token": told}).oauth == oauth


IMAGE: dict[str, Any] = {"component": "Image", "type": {}, "parameter_name": "frame"}


@pytest.mark.parametrize(
    ("targets", "parameters", "name"),
    [
        ([[5, "stream"]], [IMAGE], "frame"),
        ([[5, "change"], "odd", [5]], [IMAGE], None),
        ([["5", "stream"]], [IMAGE], None),
        ([[5, "stream"]], [], None),
    ],
)
def test_an_endpoint_names_the_input_that_takes_a_stream(
    targets: list[object], parameters: list[object], name: str | None
) -> None:
    endpoint = endpoint_of({"targets": targets}, {"parameters": parameters})
    assert endpoint.stream_input == name


def test_endpoints_are_parsed_when_they_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = app_info._endpoint

    def note(*arguments: Any, **keywords: Any) -> Endpoint:
        endpoint = parse(*arguments, **keywords)
        parsed.append(endpoint.name)
        return endpoint

    monkeypatch.setattr(app_info, "_endpoint", note)
    config = parse_config(captured("6.31.0", "config"))
    endpoints = parse_endpoints(config, captured("6.31.0", "info"))
    assert "/echo" in endpoints
    assert "/nothing" not in endpoints
    assert len(endpoints) == len(list(endpoints)) > 30
    assert parsed == []
    echo = endpoints["/echo"]
    assert echo is endpoints["/echo"] is endpoints.get("/echo")
    assert parsed == ["/echo"]
    with pytest.raises(KeyError):
        endpoints["/nothing"]
    assert repr(endpoints).startswith("{'/")
    assert len(parsed) == len(endpoints)


def test_an_endpoint_of_many_parameters_is_parsed_with_its_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slot: dict[str, Any] = {"component": "Textbox", "type": {}, "parameter_name": "x"}
    config = parse_config({"components": [], "dependencies": [{"api_name": "f"}]})
    endpoints = parse_endpoints(config, {"named_endpoints": {"/f": {"parameters": [slot] * 101}}})
    monkeypatch.setattr(app_info, "_endpoint", pytest.fail)
    assert len(endpoints["/f"].parameters) == 101
