"""The work on what strangers say is at most linear in its size: counted, never timed.

What is counted are calls of functions, and the steps of a schema's check. A count has a ceiling at
which the work is stopped, so that a failure takes seconds where the work would take hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacecall._core import queue_messages
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.diffs import apply
from spacecall._core.gradio_schema import normalize_schema
from spacecall._core.job_outcomes import make_app_error
from spacecall._core.markup import strip_markup
from spacecall._core.schema_check import (
    STEPS,
    STEPS_PER_VALUE,
    Budget,
    find_problems,
    is_file,
    map_files,
)
from spacecall._core.schema_nodes import kinds_of
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, ProtocolError, SpaceError
from tests.core.cost import calls

KIB_64 = 65_536
CALLS_A_BYTE = 12
CALLS_A_STEP = 150
BOUNDED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
FILE: dict[str, Any] = {
    "properties": dict.fromkeys(("path", "url", "orig_name", "mime_type"), True)
}

App: TypeAlias = tuple[dict[str, Any], dict[str, Any]]
"""A /config and an /info."""


def size_of(value: Any) -> int:
    return len(json.dumps(value))


def config(
    dependencies: list[dict[str, Any]], components: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"dependencies": dependencies, "components": components or []}


def one_endpoint(parameters: list[Any], component: dict[str, Any] | None = None) -> App:
    """An app of one endpoint, whose parameters are all of one component."""
    inputs = [1] * len(parameters) if component else []
    dependency = {"id": 0, "api_name": "p", "inputs": inputs, "outputs": []}
    info = {"named_endpoints": {"/p": {"parameters": parameters}}}
    return config([dependency], [{"id": 1, **(component or {})}]), info


def union(width: int, depth: int, last: dict[str, Any], key: str = "anyOf") -> dict[str, Any]:
    """A union of references to a union of references …: `width ** depth` branches."""
    definitions: dict[str, Any] = {
        f"D{n}": {key: [{"$ref": f"#/$defs/D{n + 1}"}] * width} for n in range(depth)
    }
    definitions[f"D{depth}"] = last
    return {"anyOf": [{"$ref": "#/$defs/D0"}], "$defs": definitions}


def nested(depth: int, wrap: Callable[[Any], Any], inner: Any) -> Any:
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def same_names(n: int) -> App:
    return one_endpoint([{"parameter_name": "x", "component": "Foo"}] * n)


def names_that_follow_each_other(n: int) -> App:
    names = [f"x_{number}" for number in range(n // 2)] + ["x"] * (n // 2)
    return one_endpoint([{"parameter_name": name, "component": "Foo"} for name in names])


def many_endpoints(n: int) -> App:
    dependencies: list[Any] = [
        {"id": i, "api_name": f"p{i}", "inputs": [], "outputs": []} for i in range(n)
    ]
    return config(dependencies), {"named_endpoints": {f"/p{i}": {} for i in range(n)}}


def rivals(n: int) -> App:
    dependencies: list[Any] = [
        {"id": i, "api_name": "p", "inputs": [], "outputs": []} for i in range(n)
    ]
    return config(dependencies), {"named_endpoints": {"/p": {}, "p": {}}}


def prop_inputs(n: int) -> App:
    dependency = {"api_name": "p", "inputs": [1] * n, "component_prop_inputs": [-1] * n}
    return config([{**dependency, "id": 0, "outputs": []}]), {"named_endpoints": {"/p": {}}}


def shared_choices(n: int) -> App:
    """One component with many choices, the input of many parameters."""
    props = {"choices": [f"choice {i}" for i in range(n)], "info": "x" * n, "label": "y" * n}
    return one_endpoint(
        [{"component": "Dropdown", "type": {}}] * n, {"type": "dropdown", "props": props}
    )


def shared_choices_and_defaults(n: int) -> App:
    description, info = shared_choices(n)
    for parameter in info["named_endpoints"]["/p"]["parameters"][:1]:  # all are one object
        parameter.update({"parameter_has_default": True, "parameter_default": "choice 0"})
    return description, info


def unions(n: int) -> App:
    parameter = {"component": "Image", "type": union(30, 7, {"enum": ["x"]})}
    return one_endpoint([{**parameter, "parameter_has_default": True}] * max(1, n // 200))


def wide_unions(n: int) -> App:
    branches = [{"type": "string", "enum": ["x"]}] * n
    return one_endpoint([{"component": "Image", "type": {"anyOf": branches}}])


def definitions(n: int) -> App:
    defs = {f"D{i}": {"properties": {"x": {"$ref": f"#/$defs/D{i + 1}"}}} for i in range(n)}
    return one_endpoint([{"component": "Image", "type": {"$ref": "#/$defs/D0", "$defs": defs}}])


def equal_types(n: int) -> App:
    return one_endpoint(
        [{"component": "Image", "type": {"type": ["string"] * n, "required": ["x"] * n}}]
    )


APPS = [
    same_names, names_that_follow_each_other, many_endpoints, rivals, prop_inputs, shared_choices,
    shared_choices_and_defaults, unions, wide_unions, definitions, equal_types,
]  # fmt: skip


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.__name__)
def test_an_app_is_read_in_a_few_calls_for_each_byte(app: Callable[[int], App]) -> None:
    n = 50
    while sum(map(size_of, app(2 * n))) < KIB_64:
        n *= 2
    description, info = app(n)
    size = size_of(description) + size_of(info)
    assert calls(
        lambda: parse_endpoints(parse_config(description), info), at_most=CALLS_A_BYTE * size
    )


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.__name__)
def test_twice_the_app_is_twice_the_work(app: Callable[[int], App]) -> None:
    def work(n: int) -> int:
        description, info = app(n)
        return calls(lambda: parse_endpoints(parse_config(description), info), at_most=10**6)

    assert work(800) <= 2.2 * work(400) + 100


def test_opening_an_app_parses_none_of_its_functions() -> None:
    n = 1000
    description, info = many_endpoints(n)
    for function in description["dependencies"]:
        function.update({"targets": [[1, "click"]], "inputs": [1] * 20, "outputs": [2] * 20})

    def opened() -> Mapping[str, Endpoint]:
        return parse_endpoints(parse_config(description), info)

    assert calls(opened) < 40 * n
    endpoints = opened()
    assert calls(lambda: endpoints["/p0"]) < 60 * n  # what all functions say of a component
    assert calls(lambda: endpoints["/p1"]) < 1000
    assert parse_config(description).functions_digest == parse_config(description).functions_digest


HERE: dict[str, Any] = {"$ref": "#/$defs/D0"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "anyOf": union(30, 7, {"enum": ["x"]}),
    "oneOf": union(30, 7, {"enum": ["x"]}, "oneOf"),
    "allOf": union(30, 7, {"enum": ["x"]}, "allOf"),
    "files": union(30, 7, FILE),
    "lists": union(30, 7, {"items": HERE}),
    "objects": union(30, 7, {"additionalProperties": HERE}),
    "itself": {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}] * 99}}, "$ref": "#/$defs/A"},
    "a circle": {
        "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}},
        "anyOf": [{"$ref": "#/$defs/A"}] * 500,
    },
    "a wide union": {"anyOf": [{"items": {"enum": [n]}} for n in range(1500)]},
    "many choices": {"items": {"enum": [[n] for n in range(5000)]}},
    "deep choices": {"items": {"enum": [nested(90, lambda x: [x], n) for n in range(300)]}},
    "many names": {"items": {"required": [f"n{n}" for n in range(5000)]}},
}
CHECKED: dict[str, Any] = {
    "null": None,
    "a number": 5,
    "a text": "y",
    "a list": list(range(500)),
    "lists": [[[n]] for n in range(100)],
    "objects": [{"a": {"b": n}} for n in range(100)],
    "deep": nested(60, lambda inner: [inner, inner] if inner == 0 else [inner], 0),
    "deeper": nested(300, lambda inner: [inner], 0),
}


def values_in(value: Any) -> int:
    ahead, count = [value], 0
    while ahead:
        value = ahead.pop()
        count += 1
        ahead += (
            value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        )
    return count


@pytest.mark.parametrize("value", CHECKED.values(), ids=CHECKED)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_check_takes_steps_by_the_size_of_the_value(schema: dict[str, Any], value: Any) -> None:
    size = size_of(schema)
    assert size <= KIB_64
    # the last step may be the comparison with one more choice
    allowed = STEPS + STEPS_PER_VALUE * values_in(value) + size
    budget = Budget(value)
    find_problems(schema, value, budget=budget)
    assert budget.used <= allowed
    budget = Budget(value)
    with suppress(InvalidInputError):
        map_files(schema, value, lambda file: file, budget=budget)
    assert budget.used <= allowed


@pytest.mark.parametrize("value", ["y", [[[n]] for n in range(100)]], ids=["text", "lists"])
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_step_is_a_few_calls(schema: dict[str, Any], value: Any) -> None:
    budget = Budget(value)
    work = calls(lambda: find_problems(schema, value, budget=budget), at_most=3 * 10**6)
    assert work <= CALLS_A_STEP * budget.used + CALLS_A_BYTE * size_of(schema)
    assert calls(lambda: (kinds_of(schema, schema), is_file(schema)), at_most=10_000)


def read_error(text: str) -> SpaceError:
    return make_app_error(text, title=None, duration=None)


TEXTS: dict[str, str] = {
    "comments": "<!--", "scripts": "<script>", "quotes": '<a "', "attributes": "<a b=c ",
    "numbers": "&#1111111111;", "zeros": "&#00000000000000000000065;", "amounts": "1" * 64,
    "waits": "try again in 1", "quota": "exceeded your ", "offers": " or <a", "escapes": "\\x41",
    "ends": "'", "nothing": "x", "names": "&amp", "half a name": "&a",
}  # fmt: skip


@pytest.mark.parametrize("piece", TEXTS.values(), ids=TEXTS)
def test_a_text_of_an_app_is_read_in_a_few_calls_for_each_byte(piece: str) -> None:
    text = piece * (KIB_64 // len(piece))
    assert calls(lambda: strip_markup(text), at_most=2 * KIB_64)
    errors = [text, f"'{text}'", f"'{'9' * 5000}{text}s requested'"]
    assert calls(lambda: [read_error(error) for error in errors], at_most=12 * KIB_64)


def test_of_a_long_text_the_beginning_is_read() -> None:
    assert len(strip_markup("x" * 10**7)) < 10**6


EDITS: dict[str, list[Any]] = {
    "replace": ["replace", [0], 1], "add": ["add", [0], 1], "delete": ["delete", [0], None],
    "inner": ["append", [1, "a"], "x"],
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edits_cost_a_few_calls_each(edit: list[Any]) -> None:
    value = [0, {"a": "x"}, *range(5000)]
    ops = [edit] * (KIB_64 // size_of(edit))
    assert calls(lambda: apply(value, ops), at_most=40 * len(ops) + 100)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["#/$defs/A", "#/$defs/B", "string", "object", "array", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: parts * 20)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("$ref", "$defs", "A", "B", "anyOf", "oneOf", "allOf", "items", "type"),
                    *("enum", "prefixItems", "properties", "required", "const"),
                    "additionalProperties",
                ]
            ),
            inner, max_size=6,
        )
    ),
    max_leaves=60,
).filter(lambda value: size_of(value) <= KIB_64)  # fmt: skip


@BOUNDED
@given(JSON, JSON)
def test_any_schema_and_value_cost_calls_by_their_size(raw: Any, value: Any) -> None:
    size = size_of(raw) + size_of(value)
    assert calls(lambda: normalize_schema(raw), at_most=20 * size + 500)
    schema = normalize_schema(raw)
    allowed = STEPS + STEPS_PER_VALUE * values_in(value)
    assert calls(lambda: find_problems(schema, value), at_most=CALLS_A_STEP * allowed)


@BOUNDED
@given(JSON, JSON)
def test_any_app_is_read_in_calls_by_its_size(parameter: Any, component: Any) -> None:
    parameters = [{"component": "Image", "type": parameter}, parameter] * 5
    description, info = one_endpoint(parameters, {"type": "image", "props": component})
    size = size_of(description) + size_of(info)
    assert calls(lambda: parse_endpoints(parse_config(description), info), at_most=20 * size + 2000)


@BOUNDED
@given(st.text(max_size=200).map(lambda text: text * 300).filter(lambda text: len(text) <= KIB_64))
def test_any_text_costs_calls_by_its_size(text: str) -> None:
    assert calls(lambda: read_error(text), at_most=4 * len(text) + 500)


@BOUNDED
@given(JSON)
def test_any_message_costs_calls_by_its_size(value: Any) -> None:
    text = json.dumps({"msg": "process_generating", "output": {"data": value}})
    with suppress(ProtocolError):  # loads pydantic, and builds the validators of messages
        queue_messages.parse_message('{"msg": "log"}')

    def parse() -> None:
        with suppress(ProtocolError):
            queue_messages.parse_message(text)

    assert calls(parse, at_most=2 * len(text) + 500)


def test_the_count_stops_what_takes_too_long() -> None:
    def endless() -> None:
        while True:
            size_of(0)

    with pytest.raises(AssertionError, match="more than 100 calls"):
        calls(endless, at_most=100)
