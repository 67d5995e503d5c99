"""Parameters of a typed endpoint, from the model of its arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

from pydantic import BaseModel

from spacecall._core.app_components import Component
from spacecall._core.component_schema import closed_choices
from spacecall._core.schema_nodes import is_number
from spacecall.endpoints import NO_DEFAULT, Parameter

APP_CHOICES_MARK: Final = "x-spacecall-app-choices"
"""The keyword that marks a type whose choices are read from the live app."""

_INSIDE: Final = frozenset({"anyOf", "items", "prefixItems"})
_BOUNDS: Final = {"ge": "minimum", "le": "maximum"}


def parameters_of(inputs: type[BaseModel]) -> list[Parameter]:
    """Return the parameters for the fields of a model of arguments, in order."""
    document = _with_bounds(inputs.model_json_schema())
    definitions = {"$defs": document["$defs"]} if "$defs" in document else {}
    properties = document.get("properties", {})
    return [
        Parameter(
            name=name,
            label="",
            component="",
            schema={**properties[field.alias or name], **definitions},
            default=NO_DEFAULT if field.is_required() else field.get_default(),
        )
        for name, field in inputs.model_fields.items()
    ]


def with_app_choices(parameter: Parameter, component: Component) -> Parameter:
    """Return the parameter with the app's choices for each `AppChoice` of its type."""
    choices = closed_choices(component)
    if not choices or not _is_marked(parameter.schema):
        return parameter
    return replace(parameter, schema=_insert_choices(parameter.schema, choices))


def _is_marked(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_is_marked, cast("list[Any]", schema)))
    if not isinstance(schema, dict):
        return False
    node = cast("dict[str, Any]", schema)
    return APP_CHOICES_MARK in node or any(_is_marked(node[key]) for key in node.keys() & _INSIDE)


def _insert_choices(schema: Any, choices: list[Any]) -> Any:
    if isinstance(schema, list):
        return [_insert_choices(part, choices) for part in cast("list[Any]", schema)]
    node = cast("dict[str, Any]", schema)
    if APP_CHOICES_MARK in node:
        return {"enum": choices}
    return {
        key: _insert_choices(part, choices) if key in _INSIDE else part
        for key, part in node.items()
    }


def _with_bounds(schema: Any) -> Any:
    """Return a schema of pydantic with `minimum` and `maximum`, as Gradio names them.

    In a union, pydantic names them `ge` and `le`.
    """
    if isinstance(schema, list):
        return [_with_bounds(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    node = {
        key: part if key in ("const", "default", "enum") else _with_bounds(part)
        for key, part in cast("dict[str, Any]", schema).items()
    }
    if node.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:
        node = {**node, "anyOf": [{"type": "number"}]}
    bounds = {_BOUNDS[key]: node[key] for key in _BOUNDS if is_number(node.get(key))}
    return {**node, **bounds}
