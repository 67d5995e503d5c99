"""Typed values keep their kind: nothing is converted, in outputs and in models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from spacecall import File
from spacecall.errors import SchemaDriftError
from spacecall.typed import AppObject, Arguments, TypedEndpoint

Mixed = Literal[1, "1", True] | int | float
PAYLOAD = {"path": "a.txt", "meta": {"_type": "gradio.FileData"}}


class Options(AppObject):
    """An object whose fields are called as parts of a schema are."""

    type: Literal["options"] = "options"
    default: int | float | None = None
    level: Literal[1, 2] = 1
    weight: Annotated[float, Field(ge=0)] = 0.5
    fields: tuple[int, str] | None = None
    file: File | None = None
    children: list[Options] = Field(default_factory=list["Options"])


class Outer(AppObject):
    """An object with another in it."""

    options: Options
    by_name: dict[str, Options] = Field(default_factory=dict[str, Options])


def decode(output: Any, value: Any) -> Any:
    def make_file(payload: Mapping[str, Any]) -> File:
        return File(b"", name=payload["path"])

    endpoint: TypedEndpoint[Any] = TypedEndpoint("/x", inputs=Arguments, output=output, returns=1)
    return endpoint.decode([value], make_file)


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (int | float, "5"),
        (int | float, True),
        (float, True),
        (int, 1.0),
        (str, 5),
        (bool, 1),
        (bool, "yes"),
        (Literal[1, 2, 3], "1"),
        (Literal[1, 2, 3], 1.0),
        (Literal[1, 2, 3], True),
        (list[Literal[1, 2] | int | float], ["1"]),
        (dict[str, bool], {"a": 0}),
        (tuple[int, str], ["1", "a"]),
        (Options, {"default": "5"}),
        (Options, {"level": True}),
        (Outer, {"options": {"children": [{"default": True}]}}),
        (list[Outer], [{"options": {}, "by_name": {"a": {"weight": "1"}}}]),
    ],
)
def test_a_value_of_another_kind_is_drift_and_stays_as_it_came(output: Any, value: Any) -> None:
    with pytest.raises(SchemaDriftError) as caught:
        decode(output, value)
    assert repr(caught.value.values) == repr((value,))


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (float, 5),
        (float, 2**53 + 1),
        (Annotated[float, Field(ge=0)], 3),
        (float | str, 3),
        (int | float, 1.0),
        (Mixed, 1.0),
        (Mixed, 1),
        (Mixed, "1"),
        (Mixed, True),
        (list[Literal[1, 2] | int | float], [1, 1.0, 2]),
        (Literal["a", 1] | None, None),
    ],
)
def test_a_value_that_fits_keeps_its_kind(output: Any, value: Any) -> None:
    assert repr(decode(output, value)) == repr(value)


def test_models_take_what_json_has_for_them() -> None:
    received = {
        "fields": [1, "x"],
        "file": PAYLOAD,
        "weight": 2,
        "children": [{"weight": 3}],
        "new": [PAYLOAD],
    }
    options = decode(Outer, {"options": received}).options
    assert options.fields == (1, "x")
    assert repr([options.weight, options.children[0].weight]) == "[2, 3]"
    assert [options.file.name, options.new[0].name] == ["a.txt", "a.txt"]


def test_the_place_of_a_value_of_another_kind_is_named_by_types() -> None:
    with pytest.raises(SchemaDriftError) as caught:
        decode(list[Literal[1, 2] | float], ["1"])
    assert list(caught.value.differences) == [
        "value.0.literal[1,2]: Input should be 1 or 2",
        "value.0.float: Input should be a valid number",
    ]


@pytest.mark.parametrize("field", [{"default": "5"}, {"level": 1.0}, {"weight": True}])
def test_an_object_of_the_caller_is_not_changed(field: Any) -> None:
    with pytest.raises(ValidationError):
        Options(**field)
    options = Options(default=5, weight=1, file=File(b""), children=[Options(level=2)])
    assert repr([options.default, options.weight, options.children[0].level]) == "[5, 1, 2]"
    assert isinstance(options.file, File)
