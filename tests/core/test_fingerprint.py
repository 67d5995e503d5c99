"""A fingerprint changes when calls would, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.fingerprint import (
    find_differences,
    fingerprint,
    fingerprints,
    wire_shape,
)
from tests.core.apps import CORPUS, VERSIONS, corpus_app, protocol_app


def app(inputs: Any = ("textbox",), outputs: Any = ("textbox",), **settings: Any) -> AppConfig:
    """An app with one function `/f`; `-group` stands for a slot that the API does not have."""
    components: list[dict[str, Any]] = []

    def slots(kinds: Any) -> list[int]:
        numbers: list[int] = []
        for kind in kinds:
            hidden = kind.startswith("-") or kind == "state"
            number = len(components) + 1
            numbers.append(number)
            components.append({"id": number, "type": kind.strip("-"), "skip_api": hidden})
        return numbers

    dependency = {"inputs": slots(inputs), "outputs": slots(outputs), "api_name": "f", **settings}
    return parse_config({"components": components, "dependencies": [dependency]})


def of(config: AppConfig) -> str:
    return fingerprints(config, ["/f"])["/f"]


def test_a_fingerprint_says_components_state_and_how_it_runs() -> None:
    config = app(
        ("textbox", "number", "state"),
        ("chatbot", "state"),
        types={"generator": True},
        queue=True,
    )
    assert of(config) == "(textbox, number, state) -> (chatbot, state) queued streaming"
    direct = app(queue=False, api_visibility="undocumented")
    assert of(direct) == "(textbox) -> (textbox) direct undocumented"


@pytest.mark.parametrize(
    "changed",
    [
        app(("number",)),
        app(("textbox", "textbox")),
        app(()),
        app(("textbox", "state")),
        app(("textbox",), ("number",)),
        app(("textbox",), ("textbox", "state")),
        app(types={"generator": True}),
        app(show_api=False),
        app(("",)),  # a component that /config says nothing of
    ],
)
def test_what_changes_a_call_changes_the_fingerprint(changed: AppConfig) -> None:
    assert of(changed) != of(app())
    line = f"/f: was {of(app())}, is {of(changed)}"
    assert find_differences({"/f": of(app())}, changed) == [line]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (app(), app(queue=False)),
        (app(queue=False), app()),
        (app(("textbox", "state"), ("textbox", "state")), app()),
        (app(("textbox", "state")), app(("textbox",), ("textbox", "state"))),
        (app(show_api=False), app()),
    ],
)
def test_what_no_call_notices_is_not_a_difference(before: AppConfig, after: AppConfig) -> None:
    assert of(before) != of(after)
    assert find_differences({"/f": of(before)}, after) == []


def test_less_visibility_is_a_difference() -> None:
    before, after = app(show_api=False), app(api_visibility="private")
    assert find_differences({"/f": of(before)}, after) != []


def test_the_order_of_components_counts() -> None:
    assert of(app(("textbox", "number"))) != of(app(("number", "textbox")))


def test_slots_that_nobody_sees_do_not_count() -> None:
    assert of(app(("textbox", "-group"))) == of(app())


def test_an_endpoint_that_is_gone_is_a_difference() -> None:
    assert find_differences({"/g": "(textbox) -> (textbox) queued"}, app()) == [
        "/g: the app has no such endpoint any more"
    ]


def test_endpoints_that_are_not_in_use_do_not_count() -> None:
    assert find_differences({}, app()) == []
    assert fingerprints(app(), ["/g"]) == {}


def labelled(*slots: tuple[str, str]) -> AppConfig:
    """An app with one function `/f` and inputs of these kinds and labels."""
    components = [
        {"id": number, "type": kind, "props": {"label": label}, "skip_api": kind == "state"}
        for number, (kind, label) in enumerate(slots)
    ]
    dependency = {"inputs": [*range(len(slots))], "outputs": [], "api_name": "f"}
    return parse_config({"components": components, "dependencies": [dependency]})


def pinned(config: AppConfig, *names_from_labels: bool) -> str:
    dependency = config.find("/f")
    assert dependency is not None
    return fingerprint(dependency, names_from_labels)


SIZE = labelled(("number", "Width"), ("state", ""), ("number", "Height"))


def test_names_made_of_labels_are_in_a_fingerprint_and_others_are_not() -> None:
    assert pinned(SIZE, True, True) == "(width: number, state, height: number) -> () queued"
    assert pinned(SIZE, False, True) == "(number, state, height: number) -> () queued"
    assert pinned(SIZE) == "(number, state, number) -> () queued"


@pytest.mark.parametrize(
    "changed",
    [
        labelled(("number", "Height"), ("state", ""), ("number", "Width")),
        labelled(("number", "Width"), ("state", ""), ("number", "Depth")),
        labelled(("number", "Width"), ("state", ""), ("number", "")),
        labelled(("number", "Width"), ("state", ""), ("slider", "Height")),
    ],
)
def test_a_label_that_names_a_parameter_counts(changed: AppConfig) -> None:
    before = pinned(SIZE, True, True)
    assert find_differences({"/f": before}, changed) == [
        f"/f: was {before}, is {pinned(changed, True, True)}"
    ]


def test_a_label_that_names_nothing_does_not_count() -> None:
    changed = labelled(("number", "Breadth"), ("state", ""), ("number", "Height"))
    assert find_differences({"/f": pinned(SIZE)}, changed) == []
    assert find_differences({"/f": pinned(SIZE, False, True)}, changed) == []


def test_a_label_in_another_spelling_of_the_same_name_does_not_count() -> None:
    changed = labelled(("number", "width:"), ("state", ""), ("number", "HEIGHT"))
    assert find_differences({"/f": pinned(SIZE, True, True)}, changed) == []


@pytest.mark.parametrize(
    ("shape", "on_wire"),
    [
        ("(width: number, state) -> (image) queued", "(number, state) -> (image) queued"),
        ("() -> () direct undocumented", "() -> () direct"),
        (
            "(textbox) -> (chatbot, state) queued streaming private",
            "(textbox) -> (chatbot, state) queued streaming",
        ),
    ],
)
def test_names_from_labels_and_visibility_are_not_on_the_wire(shape: str, on_wire: str) -> None:
    assert wire_shape(shape) == on_wire


@pytest.mark.parametrize("name", CORPUS)
def test_a_real_app_does_not_differ_from_itself(name: str) -> None:
    config, endpoints = corpus_app(name)
    pinned = fingerprints(config, endpoints)
    assert pinned.keys() == endpoints.keys()
    assert find_differences(pinned, config) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_generation_has_fingerprints(version: str) -> None:
    config, endpoints = protocol_app(version)
    echo = config.find("/echo")
    assert echo is not None
    assert fingerprint(echo) == "(textbox) -> (textbox) queued"
    assert find_differences(fingerprints(config, endpoints), config) == []


def test_names_that_differ_by_a_slash_are_two_endpoints() -> None:
    config, _ = protocol_app("6.31.0")
    echo = fingerprints(config, ["/echo"])["/echo"]
    assert find_differences({"/echo": echo}, config) == []
    assert find_differences({"//echo": echo}, config) == [
        "//echo: the app has no such endpoint any more"
    ]
