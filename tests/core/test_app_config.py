"""Reading /config."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.errors import ProtocolError, SchemaDriftError
from tests.core.apps import VERSIONS, captured, corpus_app, dependency, protocol_app
from tests.core.cost import calls


def config_with(*dependencies: dict[str, Any], **fields: Any) -> AppConfig:
    components: list[Any] = [
        {"id": 1, "type": "Textbox", "props": {"label": "text"}, "skip_api": False},
        {"id": 2, "type": "state", "props": {}, "skip_api": True},
        {"id": 3, "type": "button", "props": {"label": None}, "skip_api": True},
    ]
    return parse_config({"components": components, "dependencies": [*dependencies], **fields})


@pytest.mark.parametrize(
    ("version", "protocol", "prefix"),
    [
        ("3.50.2", "ws", ""),
        ("4.0.2", "sse", ""),
        ("4.19.2", "sse_v2", ""),
        ("4.44.1", "sse_v3", ""),
        ("5.50.0", "sse_v3", "/gradio_api"),
        ("6.31.0", "sse_v3", "/gradio_api"),
    ],
)
def test_every_generation_tells_its_protocol_and_prefix(
    version: str, protocol: str, prefix: str
) -> None:
    config, _ = protocol_app(version)
    assert (config.version, config.protocol, config.api_prefix) == (version, protocol, prefix)
    assert config.version_info == tuple(int(part) for part in version.split("."))
    assert config.title == "proto"
    assert config.space_id is None
    assert config.app_id is not None
    assert config.max_file_size is None
    assert not config.show_error


@pytest.mark.parametrize("version", VERSIONS)
def test_functions_are_found_by_the_exact_name(version: str) -> None:
    config, _ = protocol_app(version)
    echo = dependency(config, "/echo")
    assert echo is config.find("/echo")
    assert config.find("echo") is None
    assert config.find("//echo") is None
    assert echo.name == "/echo"
    assert (echo.fn_index, echo.queued, echo.generator, echo.stateful) == (0, True, False, False)
    assert dependency(config, "/stream_text").generator
    assert not dependency(config, "/noqueue").queued
    assert dependency(config, "/batch").batch
    assert config.find("/nothing") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_state_slots_are_hidden_and_filled_with_null(version: str) -> None:
    config, _ = protocol_app(version)
    chat = dependency(config, "/chat")
    assert chat.stateful
    assert [component.type for component in chat.inputs] == ["textbox", "chatbot", "state"]
    assert chat.fill_slots(["hi", []]) == ["hi", [], None]
    assert chat.select_visible(["", [1], None]) == ["", [1]]


@pytest.mark.parametrize("version", ["5.50.0", "6.31.0"])
def test_a_function_that_takes_a_stream_says_so(version: str) -> None:
    config, _ = protocol_app(version)
    assert dependency(config, "/cam").streaming_input
    assert not dependency(config, "/image").streaming_input


@pytest.mark.parametrize(
    ("raw", "visibility"),
    [
        ({"api_visibility": "public"}, "public"),
        ({"api_visibility": "undocumented"}, "undocumented"),
        ({"api_visibility": "private"}, "private"),
        ({"api_visibility": "something new"}, "public"),
        ({"show_api": True}, "public"),
        ({"show_api": False}, "undocumented"),
        ({"api_name": False, "show_api": False}, "private"),
        ({}, "public"),
    ],
)
def test_visibility_is_read_from_either_way_to_say_it(raw: dict[str, Any], visibility: str) -> None:
    config = config_with({"api_name": "f", **raw})
    assert config.dependencies[0].visibility == visibility


def test_of_two_functions_with_one_name_the_more_public_one_is_found() -> None:
    config, _ = corpus_app("blocks_plug")
    assert [item.fn_index for item in config.dependencies if item.api_name == "lambda_1"] == [1, 4]
    assert dependency(config, "/lambda_1").fn_index == 1


def test_of_two_public_functions_with_one_name_the_last_is_found() -> None:
    config = config_with({"id": 7, "api_name": "f"}, {"id": 8, "api_name": "f"})
    assert dependency(config, "/f").fn_index == 8


def test_a_function_without_a_server_side_cannot_be_found() -> None:
    config, _ = corpus_app("blocks_plug")
    assert config.find("/js_fn") is None
    assert config.dependencies[2].name is None


@pytest.mark.parametrize("name", [None, False, 7])
def test_a_function_without_a_name_has_none(name: object) -> None:
    assert config_with({"api_name": name}).dependencies[0].name is None


def test_an_api_name_is_any_text() -> None:
    """Gradio 3.50 lists an empty one as `/`; the slash in front of another is a part of it."""
    config = config_with({"api_name": ""}, {"api_name": "predict"}, {"api_name": "/predict"})
    assert [item.name for item in config.dependencies] == ["/", "/predict", "//predict"]
    assert [config.find(name) for name in ("/", "/predict", "//predict")] == [*config.dependencies]


def test_choices_have_names_or_are_their_own() -> None:
    component = Component(id=1, type="dropdown", props={"choices": [["One", 1], "two", None]})
    assert component.choices == [1, "two", None]
    assert component.choice_names == ["One", "two", "None"]


def test_without_an_id_a_function_is_known_by_its_place() -> None:
    config = config_with({"api_name": "a"}, {"api_name": "b"})
    assert dependency(config, "/b").fn_index == 1


@pytest.mark.parametrize(("app", "queued"), [(True, True), (False, False), (None, True)])
def test_a_function_that_does_not_say_follows_the_app_to_the_queue(
    app: object, queued: bool
) -> None:
    config = config_with({"api_name": "f", "queue": None}, enable_queue=app)
    assert dependency(config, "/f").queued is queued


def test_skipped_components_take_no_value_from_the_caller() -> None:
    config = config_with({"api_name": "f", "inputs": [3, 1, 2], "outputs": [2, 1, 3]})
    function = dependency(config, "/f")
    assert [item.hidden for item in function.inputs] == [True, False, True]
    assert function.inputs[1] == Component(
        id=1, type="textbox", label="text", props={"label": "text"}
    )
    assert function.fill_slots(["x"]) == [None, "x", None]
    assert function.select_visible([1, 2, 3]) == [2]
    assert function.select_visible([1]) == []


def test_values_beyond_the_outputs_are_not_given_to_the_caller() -> None:
    config, _ = protocol_app(VERSIONS[0])
    echo = dependency(config, "/echo")
    assert echo.select_visible(["a", "b"]) == ["a"]
    assert echo.select_visible([]) == []


def test_a_button_among_the_inputs_is_sent_with_its_text() -> None:
    button = {"id": 9, "type": "button", "skip_api": True, "props": {"value": "Press"}}
    state = {"id": 8, "type": "state", "skip_api": True, "props": {"value": "the server's"}}
    item = {"api_name": "f", "inputs": [9, 8]}
    config = parse_config({"components": [button, state], "dependencies": [item]})
    assert dependency(config, "/f").fill_slots([]) == ["Press", None]


@pytest.mark.parametrize("values", [[], ["a", "b"]])
def test_a_wrong_number_of_values_is_refused(values: list[str]) -> None:
    config = config_with({"api_name": "f", "inputs": [1, 2]})
    with pytest.raises(SchemaDriftError, match=r"/f takes 1 values, got \d"):
        dependency(config, "/f").fill_slots(values)


def test_a_function_that_takes_the_component_gets_its_properties_with_the_value() -> None:
    config, _ = corpus_app("playback_position")
    function = dependency(config, "/print_audio_playback_pos")
    assert function.prop_inputs == {0}
    file = {"path": "a.wav"}
    (sent,) = function.fill_slots([file])
    assert sent == {**function.inputs[0].props, "value": file}
    assert sent["playback_position"] == 2.0


def test_a_component_that_the_config_does_not_list_is_tolerated() -> None:
    config = config_with({"api_name": "f", "inputs": [99, "x"], "outputs": None})
    function = dependency(config, "/f")
    assert function.inputs == (Component(id=99, type=""),)
    assert function.fill_slots([1]) == [1]


def test_fields_of_an_unexpected_kind_read_as_absent() -> None:
    answer: dict[str, Any] = {
        "components": [None, {"id": "one"}, {"id": 1, "type": 5, "props": []}],
        "dependencies": [None, {"api_name": "f", "inputs": [1], "types": "x"}],
        "version": 6,
        "max_file_size": True,
        "app_id": None,
        "space_id": "",
        "protocol": None,
        "api_prefix": "gradio_api/",
    }
    config = parse_config(answer)
    assert (config.version, config.version_info, config.protocol) == ("", (), "ws")
    assert (config.max_file_size, config.app_id, config.space_id) == (None, None, None)
    assert config.api_prefix == "/gradio_api"
    assert dependency(config, "/f").inputs == (Component(id=1, type=""),)


def test_limits_and_flags_are_read() -> None:
    config = config_with(
        version="5.0.0b1", max_file_size=1024, show_error=True, space_id="owner/name", app_id=12
    )
    assert config.version_info == (5, 0, 0)
    assert config.max_file_size == 1024
    assert config.show_error
    assert config.space_id == "owner/name"
    assert config.app_id == "12"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "expected a JSON object, got null"),
        ([1], "expected a JSON object, got list"),
        ({}, "it has no list 'components' (keys: none)"),
        ({"detail": "Not Found"}, "it has no list 'components' (keys: 'detail')"),
        ({"components": []}, "it has no list 'dependencies' (keys: 'components')"),
        ({"components": {}, "dependencies": []}, "it has no list 'components'"),
    ],
)
def test_what_is_no_config_is_refused_with_a_reason(answer: object, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_config(answer)
    assert caught.value.message.startswith("not a Gradio config: ")
    assert message in caught.value.message


def test_every_captured_function_fills_as_many_slots_as_it_has() -> None:
    for version in VERSIONS:
        config, _ = protocol_app(version)
        assert len(config.dependencies) == len(captured(version, "config")["dependencies"])
        for item in config.dependencies:
            filled = item.fill_slots([0] * len(item.visible_inputs))
            assert [value is None for value in filled] == [slot.hidden for slot in item.inputs]


def test_runs_of_one_app_have_the_same_layout() -> None:
    def app(**changes: Any) -> AppConfig:
        function = {"id": 0, "api_name": "f", "inputs": [1], "outputs": [1], **changes}
        names = ("value", "label", "choices", "multiselect", "file_count")
        props = {name: changes[name] for name in names if name in changes}
        components = [{"id": 1, "type": changes.get("kind", "textbox"), "props": props}]
        return parse_config({"components": components, "dependencies": [function]})

    digest = app().functions_digest
    assert digest == app(value="other").functions_digest == app(choices=["a"]).functions_digest
    changes_list: list[dict[str, Any]] = [
        *({"id": 1}, {"api_name": "g"}, {"inputs": []}, {"kind": "state"}, {"label": "\ud800"}),
        *({"multiselect": True}, {"file_count": "multiple"}, {"component_prop_inputs": [0]}),
    ]
    for changes in changes_list:
        assert digest != app(**changes).functions_digest


def test_another_object_is_not_a_layout() -> None:
    digest = config_with({"api_name": "f"}).functions_digest
    assert digest != "f"
    assert len({digest, config_with({"api_name": "f"}).functions_digest}) == 1


def test_functions_are_found_by_name_and_by_number() -> None:
    functions = config_with(
        {"id": 7, "api_name": "f"}, {"id": 8, "api_name": False}, {"id": 7, "api_name": "g"},
        {"api_name": "h", "show_api": False}, {"api_name": "i", "backend_fn": False},
    ).dependencies  # fmt: skip
    assert list(functions.names) == ["/f", "/g", "/h"]
    assert functions.undocumented == {"/h"}
    assert sorted(functions.numbers) == [3, 4, 7, 8]
    assert functions.find_number(7) is functions[0] is functions.find("/f")
    assert functions.find_number(8) is functions[-4]
    assert functions.find_number(1) is None
    assert [*functions[1:3]] == [functions[1], functions[2]]
    with pytest.raises(IndexError):
        _ = functions[5]


def test_an_equal_function_of_another_run_is_not_the_apps_own() -> None:
    function, other_run = (config_with({"api_name": "f"}).dependencies for _ in range(2))
    assert function[0] == other_run[0]
    assert function.has(function[0])
    assert not function.has(other_run[0])


@pytest.mark.parametrize(("slots", "number"), [(101, 1), (0, 10_001)])
def test_large_apps_are_parsed_in_the_thread_that_parses_the_document(
    slots: int, number: int
) -> None:
    config = config_with(*[{"api_name": "f", "inputs": [1] * slots}] * number)
    assert calls(lambda: list(config.dependencies)) < 10 * number + 100


def test_components_that_a_load_event_writes_are_marked() -> None:
    def marks(targets: Any) -> list[bool]:
        config = config_with(
            {"api_name": "f", "inputs": [1, 3], "outputs": []},
            {"api_name": False, "inputs": [], "outputs": [1, "2", None], "targets": targets},
        )
        return [component.set_on_load for component in dependency(config, "/f").inputs]

    # the page is None in some releases, and one of several in others
    for targets in ([[None, "load"]], [[14, "load"], [0, "load"]], [[3, "click"], [0, "load"]]):
        assert marks(targets) == [True, False]
    for other in ([[3, "click"]], [], None, ["load"], [None, 5, {"load": 1}], "load"):
        assert marks(other) == [False, False]


def test_a_function_that_only_computes_a_default_is_marked() -> None:
    def is_marked(**changes: Any) -> bool:
        load = {"api_name": "get_random_value", "inputs": [], "outputs": [1], **changes}
        config = config_with({"api_name": "f", "inputs": [1], "outputs": [3]}, load)
        found = parse_endpoints(config, {"named_endpoints": {"/f": {}, "/get_random_value": {}}})[
            "/get_random_value"
        ]
        assert found.listed is not found.computes_default
        return found.computes_default

    # up to Gradio 5, Gradio 6, and a value that depends on an input or on a timer
    for targets in ([[None, "load"]], [[0, "load"]], [[9, "tick"], [0, "load"]]):
        assert is_marked(targets=targets)
    assert is_marked(targets=[[3, "change"], [0, "load"]], inputs=[3])
    assert not is_marked(targets=[[3, "change"], [0, "load"]])  # another component's change
    assert not is_marked(targets=[[3, "click"], [0, "load"]])
    assert not is_marked(targets=[[3, "click"]])
    assert not is_marked(targets=[[0, "load"]], outputs=[3])  # no function takes it
    assert not is_marked(targets=[[0, "load"]], outputs=[1, 3])
    assert not is_marked(targets=[[0, "load"]], inputs=[1])  # it changes its own input


def test_a_default_is_computed_if_the_input_has_one_at_all() -> None:
    load = {"inputs": [], "outputs": [1], "targets": [[None, "load"]]}
    config = config_with({"api_name": "f", "inputs": [1], "outputs": []}, load)
    parameter = {"parameter_name": "text", "component": "Textbox", "type": {"type": "string"}}
    default = {"parameter_has_default": True, "parameter_default": "11:00"}
    for described, computed in ((parameter, False), ({**parameter, **default}, True)):
        info = {"named_endpoints": {"/f": {"parameters": [described], "returns": []}}}
        (got,) = parse_endpoints(config, info)["/f"].parameters
        assert (got.computed_default, got.required) == (computed, not computed)


@pytest.mark.parametrize(
    "prefix",
    ["a b", "x?y=1", "x#y", "../x", "x/../y", "x//y", "http://evil.example", "é", "%2e", "x\n"],
)
def test_a_prefix_that_is_not_a_path_is_refused(prefix: str) -> None:
    with pytest.raises(ProtocolError, match=r"api_prefix .* is not a path"):
        parse_config({"components": [], "dependencies": [], "api_prefix": prefix})


@pytest.mark.parametrize("prefix", [None, 5, "", "/", "/gradio_api", "gradio_api/", "/a/b-c.d"])
def test_a_prefix_is_a_path_or_missing(prefix: object) -> None:
    config = parse_config({"components": [], "dependencies": [], "api_prefix": prefix})
    assert config.api_prefix in ("", "/gradio_api", "/a/b-c.d")
