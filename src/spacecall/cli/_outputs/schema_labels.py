"""Describe types, defaults and parameters in texts that fit on a screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from spacecall._core.json_values import as_dict, as_list, is_object
from spacecall._core.schema_nodes import branches, item_schema, kinds_of, resolve
from spacecall._visible import visible_line
from spacecall.endpoints import Endpoint, Parameter, ReturnValue

__all__ = [
    "describe_default",
    "describe_parameter",
    "describe_type",
    "list_marks",
    "short_label",
]

Schema: TypeAlias = Mapping[str, Any]

_MAX_CHOICES = 12
_MAX_LENGTH = 40
_MAX_DEPTH = 4
_MAX_BRANCHES = 12
_NAMES = {
    "boolean": "true or false",
    "file": "file",
    "integer": "integer",
    "null": "null",
    "number": "number",
    "object": "object",
    "string": "text",
}
_PLURALS = {name: f"{name}s" for name in ("file", "integer", "number", "object", "text")}


def describe_type(schema: Schema, root: Schema | None = None, depth: int = 0) -> str:
    """Describe the type of a schema, without null: `number`, `list of files`, `"x" | "y"`."""
    root = schema if root is None else root
    node = resolve(schema, root)
    if choices := as_list(node.get("enum")):
        return _choices(choices)
    kinds = [kind for kind in kinds_of(node, root) if kind != "null"]
    schemas = [branch for branch in branches(node) if kinds_of(branch, root) != ["null"]]
    if schemas and kinds != ["file"] and depth < _MAX_DEPTH:
        unique = list({id(resolve(branch, root)): branch for branch in schemas}.values())
        types = [describe_type(branch, root, depth + 1) for branch in unique[:_MAX_BRANCHES]]
        return " or ".join(dict.fromkeys([*types, *["…"] * (len(unique) > _MAX_BRANCHES)]))
    if kinds == ["array"]:
        is_deep = depth >= _MAX_DEPTH
        item = "JSON" if is_deep else describe_type(item_schema(node, 0), root, depth + 1)
        return f"list of {_PLURALS.get(item, item)}"
    return " or ".join(_NAMES.get(kind, "JSON") for kind in kinds) or "JSON"


def describe_default(parameter: Parameter) -> str:
    """Return a parameter's default, such as `default 20`, or `required`."""
    if parameter.required:
        return "required"
    if parameter.computed_default:
        return "default: computed by the app"
    default = parameter.default
    if is_object(default) and isinstance(default.get("path"), str):
        name = default.get("orig_name") or str(default["path"]).rpartition("/")[2]
        return f"default: the file {visible_line(str(name))}"
    return f"default {_json(default)}"


def describe_parameter(parameter: Parameter) -> str:
    """Return a parameter's label, unless it repeats the name, and its description."""
    label = short_label(parameter)
    if label.casefold().replace(" ", "_") == parameter.name.casefold():
        label = ""
    return "; ".join(filter(None, [label, visible_line(parameter.description)]))


def short_label(value: Parameter | ReturnValue) -> str:
    """Return a label, shortened to 40 characters."""
    return _shorten(visible_line(value.label))


def list_marks(endpoint: Endpoint) -> list[str]:
    """List the properties of an endpoint that most endpoints do not have."""
    marks = {
        "streams": endpoint.streaming,
        f"takes a stream: {visible_line(endpoint.stream_input or '')}": bool(endpoint.stream_input),
        "no queue": not endpoint.queued,
        "uses State": endpoint.stateful,
        "uses event data": endpoint.event_data,
        "requires a user's token": endpoint.oauth == "required",
        "takes a user's token": endpoint.oauth == "optional",
        "computes a default": endpoint.computes_default,
        endpoint.visibility: endpoint.visibility != "public",
    }
    return [mark for mark, applies in marks.items() if applies]


def _choices(choices: list[Any]) -> str:
    text = " | ".join(_json(choice) for choice in choices[:_MAX_CHOICES])
    omitted = len(choices) - _MAX_CHOICES
    return f"{text} | … {omitted} more" if omitted > 0 else text


def _json(value: Any) -> str:
    text = json.dumps(as_dict(value) or value, ensure_ascii=False, default=str)
    return _shorten(visible_line(text))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
