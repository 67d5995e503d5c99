"""What is refused before it is sent, and what is left to the app."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.input_check import find_refusals
from tests.core.apps import VERSIONS, input_with, protocol_app

NUMBER: dict[str, Any] = {"type": "number"}
INTEGER: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "null"}], "minimum": 1}
CHOICES: dict[str, Any] = {"enum": ["a", "b"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_null_is_taken_by_all_inputs_but_a_dataframe(version: str) -> None:
    _, endpoints = protocol_app(version)
    inputs = [parameter for endpoint in endpoints.values() for parameter in endpoint.parameters]
    refused = {
        parameter.component
        for parameter in inputs
        if find_refusals(parameter.schema, parameter.component, None)
    }
    assert refused <= {"api", "dataframe"}


def test_null_is_refused_where_every_generation_refuses_it() -> None:
    table = input_with("dataframe", {"type": "object"}, value={})
    assert find_refusals({"type": "object"}, table.component, None) == ["expected a dict, got None"]
    assert find_refusals({"type": "string"}, "dialogue", None)


def test_null_for_a_component_of_nobody_knows_whom_is_what_its_schema_says() -> None:
    assert find_refusals({"type": "string"}, "custom", None) == ["expected a str, got None"]
    assert find_refusals({"type": "null"}, "custom", None) == []


@pytest.mark.parametrize("value", [5, 1.5, True, [], {"a": [1]}, "text"])
def test_a_textbox_makes_a_text_of_anything(value: object) -> None:
    assert find_refusals({"type": "string"}, "textbox", value) == []
    assert find_refusals({"type": "string"}, "colorpicker", value) == []


def test_the_precision_of_a_number_rounds() -> None:
    assert find_refusals(INTEGER, "number", 3.7) == []
    assert find_refusals(INTEGER, "number", 0.5) == ["0.5 is less than the minimum of 1"]
    assert find_refusals({"type": "integer"}, "number", 3.7) == []
    assert find_refusals({"type": "integer"}, "json", 3.7) == ["expected an integer, got float 3.7"]


@pytest.mark.parametrize(
    ("schema", "kind", "value"),
    [
        (NUMBER, "number", "5"),
        (NUMBER, "number", True),
        (NUMBER, "number", [5]),
        (NUMBER, "slider", "5"),
        ({"type": "boolean"}, "checkbox", 1),
        ({"type": "boolean"}, "checkbox", "yes"),
        (CHOICES, "radio", "c"),
        (CHOICES, "dropdown", "c"),
        (CHOICES, "dropdown", 5),
        ({"type": "object"}, "api", []),
    ],
)
def test_other_values_fit_their_schema(schema: dict[str, Any], kind: str, value: object) -> None:
    assert len(find_refusals(schema, kind, value)) == 1


def test_a_dropdown_that_takes_values_of_the_users_own_takes_numbers() -> None:
    box = input_with("dropdown", {"type": "string"}, allow_custom_value=True, choices=["a"])
    assert find_refusals(box.schema, box.component, 5) == []
    assert find_refusals(box.schema, box.component, "own") == []
    assert find_refusals(box.schema, box.component, ["own"]) != []


def test_a_dropdown_for_custom_values_takes_any_scalar() -> None:
    text: dict[str, Any] = {"type": "string"}
    several = {"type": "array", "items": text}
    for value in ("x", 5, 1.5, True):
        assert find_refusals(text, "dropdown", value) == []
        assert find_refusals({"anyOf": [text, {"type": "null"}]}, "dropdown", value) == []
        assert find_refusals(several, "dropdown", [value, "x"]) == []
        assert find_refusals({"type": "array", "items": CHOICES}, "dropdown", ["a", value])
    assert find_refusals(text, "dropdown", ["x"])
    assert find_refusals(several, "dropdown", [["x"]])
