"""Values generated from schemas, checked with another implementation of JSON Schema."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from spacecall._core.schema_check import find_problems
from spacecall.codegen._project import client_builder
from spacecall.testing._fake_app import FakeApp, load_fake_app
from spacecall.testing._value_generator import ValueGenerator
from tests.codegen.apps import CORPUS, saved


def errors(schema: Mapping[str, Any], value: Any) -> list[str]:
    untyped: Any = Draft202012Validator(schema)
    return [str(error.message) for error in untyped.iter_errors(value)]


def slots(app: FakeApp) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    for endpoint in app.endpoints.values():
        for slot in endpoint.visible_inputs:
            yield endpoint.name, slot.component, slot.schema, app.input_schema
        for slot in endpoint.visible_outputs:
            yield endpoint.name, slot.component, slot.schema, app.output_schema


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_schema_of_real_apps_gets_values_that_fit(path: Path) -> None:
    app = load_fake_app(client_builder.build_schema_folder(saved(path), "app"))
    for name, component, schema, root in slots(app):
        document = {**schema, "$defs": root.get("$defs", {})}
        for seed in range(5):
            generator = ValueGenerator(root, component, random.Random(seed), _add_file)
            value = generator.generate(schema)
            assert find_problems(schema, value, root=root) == [], name
            assert errors(document, value) == [], name


def _add_file(content: bytes, name: str) -> dict[str, Any]:
    assert content
    return {
        "path": f"/tmp/{name}",
        "url": f"http://fake/{name}",
        "size": len(content),
        "orig_name": name,
        "mime_type": None,
        "meta": {"_type": "gradio.FileData"},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 7, "maximum": 9},
        {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 4},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "number", "maximum": -5},
        {"type": "string", "minLength": 40, "maxLength": 41},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 5},
        {"type": "array", "prefixItems": [{"const": 1}, {"type": "null"}], "items": False},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"anyOf": [{"type": "null"}, {"enum": ["a", "b"]}]},
        {"$ref": "#/$defs/Node"},
    ],
    ids=str,
)
def test_values_respect_the_limits_of_the_schema(schema: dict[str, Any]) -> None:
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
        "required": ["next"],
    }
    root = {"$defs": {"Node": node}}
    for seed in range(50):
        value = ValueGenerator(root, "json", random.Random(seed), _add_file).generate(schema)
        assert errors({**schema, **root}, value) == []
