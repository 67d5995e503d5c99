"""Writing schemas and code, comparing them and making values up cost by their size: counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.cli._inputs import flag_values as cli_values
from spacecall.cli._outputs.schema_labels import describe_type
from spacecall.codegen._drift.schema_facets import describe_schema, is_file_payload
from spacecall.codegen._drift.subschema import SchemaNode, is_equivalent, is_subschema
from spacecall.codegen._python.generator_input import GeneratorInput
from spacecall.codegen._python.python_expressions import name_expr
from spacecall.codegen._schemas import schema_documents
from spacecall.errors import InvalidInputError, ProtocolError
from spacecall.testing._value_generator import ValueGenerator
from tests.core.cost import calls
from tests.core.test_budgets import APPS, SCHEMAS, App, config, one_endpoint, union

# Calls, for what took more than a person's life.
MOST = 2_000_000


def of_one_title(n: int) -> App:
    types = [{"title": "T", "properties": {f"a{i}": {"type": "string"}}} for i in range(n)]
    return one_endpoint([{"component": "JSON", "type": {"anyOf": types}}])


def one_type_each(n: int) -> App:
    parameters = [
        {"component": "JSON", "type": {"title": "T", "properties": {f"a{i}": {"type": "string"}}}}
        for i in range(n)
    ]
    return one_endpoint(parameters)


def names_alike(n: int) -> App:
    names = ["a" + f"{number:010b}".replace("0", "_").replace("1", "__") for number in range(n)]
    dependencies: list[Any] = [
        {"id": i, "api_name": name, "inputs": [], "outputs": []} for i, name in enumerate(names)
    ]
    return config(dependencies), {"named_endpoints": {f"/{name}": {} for name in names}}


def documents_of(app: App) -> Callable[[], object]:
    description = parse_config(app[0])
    endpoints = list(parse_endpoints(description, app[1]).values())
    return lambda: schema_documents.build_documents(description, endpoints)


# The documents of the last two are as large as the product of their sizes, or refused.
LINEAR = [app for app in APPS if not app.__name__.startswith(("shared_choices", "definitions"))]


@pytest.mark.parametrize(
    "app", [*LINEAR, of_one_title, one_type_each, names_alike], ids=lambda app: app.__name__
)
def test_twice_the_app_is_twice_the_work(app: Callable[[int], App]) -> None:
    work = calls(documents_of(app(200)), at_most=MOST)
    assert calls(documents_of(app(400)), at_most=MOST) <= 2.3 * work + 1000


def test_what_is_too_much_to_write_down_is_refused() -> None:
    definitions = {
        f"D{n}": {"properties": {"x": {"$ref": f"#/$defs/D{n + 1}"}}} for n in range(400)
    }
    chain = one_endpoint(
        [{"component": "JSON", "type": {"$ref": "#/$defs/D0", "$defs": definitions}}]
    )
    with pytest.raises(ProtocolError, match="too many types"):
        documents_of(chain)()
    component = {"type": "dropdown", "props": {"choices": list(range(3000))}}
    product = one_endpoint([{"component": "Dropdown", "type": {}}] * 3000, component)
    with pytest.raises(ProtocolError, match="more than 5,000,000 values"):
        documents_of(product)()


NESTED_OBJECTS: dict[str, Any] = {
    "$ref": "#/$defs/D0",
    "$defs": {
        **{
            f"D{n}": {
                "type": "object",
                "properties": {f"p{k}": {"$ref": f"#/$defs/D{n + 1}"} for k in range(30)},
                "required": [f"p{k}" for k in range(30)],
            }
            for n in range(7)
        },
        "D7": {"type": "string"},
    },
}
HOSTILE = {**SCHEMAS, "nested objects": NESTED_OBJECTS}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_comparing_and_describing_ends(schema: dict[str, Any]) -> None:
    typed, retitled = SchemaNode(schema, schema), SchemaNode({**schema, "title": "another"}, schema)
    calls(lambda: is_subschema(typed, retitled, allow_extra=True), at_most=MOST)
    calls(lambda: is_equivalent(typed, retitled), at_most=MOST)
    calls(
        lambda: (is_file_payload(typed), describe_schema(typed), describe_type(schema)),
        at_most=MOST,
    )
    calls(lambda: cli_values._choices(schema, schema), at_most=MOST)
    calls(lambda: cli_values._file_key(schema, schema), at_most=MOST)
    calls(lambda: cli_values._array_schema(schema, schema), at_most=MOST)
    view = GeneratorInput(schema.get("$defs", {}), {})
    calls(lambda: view.simplify(schema, name_expr("int")), at_most=MOST)


HUGE = 10**400
ODD: dict[str, dict[str, Any]] = {
    "many items": {"type": "array", "items": {"type": "string"}, "minItems": 10**9},
    "items without end": {"type": "array", "items": {}, "minItems": HUGE},
    "a long text": {"type": "string", "minLength": 10**10},
    "a text without end": {"type": "string", "minLength": HUGE, "maxLength": -HUGE},
    "a huge step": {"type": "number", "multipleOf": HUGE, "maximum": 1e308, "minimum": -1e308},
    "a tiny step": {"type": "number", "multipleOf": 5e-324, "maximum": 1e308},
    "huge bounds": {"type": "number", "minimum": HUGE, "maximum": 2 * HUGE},
    "huge integers": {"type": "integer", "minimum": -HUGE, "maximum": HUGE},
    "bounds that are no numbers": {"type": "number", "minimum": "a", "maximum": []},
    "lengths that are no numbers": {"type": "array", "minItems": "a", "maxItems": None},
}


@pytest.mark.parametrize("schema", [*HOSTILE.values(), *ODD.values()], ids=[*HOSTILE, *ODD])
def test_a_made_up_value_costs_little_or_is_refused(schema: dict[str, Any]) -> None:
    def make() -> None:
        generator = ValueGenerator(schema, "json", random.Random(1), lambda _data, _name: {})
        try:
            generator.generate(schema)
        except InvalidInputError as error:
            refusals.append(error.message)

    refusals: list[str] = []
    calls(make, at_most=3 * MOST)
    assert all("cannot generate a value" in refusal for refusal in refusals)


def test_a_union_of_many_kinds_is_told_in_a_few_words() -> None:
    assert len(describe_type({"anyOf": [{"enum": [n]} for n in range(5000)]})) < 200
    assert describe_type(union(30, 7, {"type": "string"})) == "text"
