"""Schemas, defaults and remarks in words that fit on a screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from spacecall._core.json_values import as_dict, as_list, is_object
from spacecall._core.schema_nodes import branches, item_schema, kinds_of, resolve
from spacecall._visible import visible_line
from spacecall.endpoints import Endpoint, Parameter, ReturnValue

__all__ = ["default_of", "kind_of", "marks_of", "remark_of", "title_of"]

Schema: TypeAlias = Mapping[str, Any]

_MOST_CHOICES = 12
_LONGEST = 40
_DEEPEST = 4
_MOST_PARTS = 12
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


def kind_of(schema: Schema, root: Schema | None = None, depth: int = 0) -> str:
    """What a value must be: `number`, `list of files`, `"x" | "y"`; null is left out."""
    root = schema if root is None else root
    node = resolve(schema, root)
    if choices := as_list(node.get("enum")):
        return _choices(choices)
    kinds = [kind for kind in kinds_of(node, root) if kind != "null"]
    parts = [part for part in branches(node) if kinds_of(part, root) != ["null"]]
    if parts and kinds != ["file"] and depth < _DEEPEST:
        unlike = list({id(resolve(part, root)): part for part in parts}.values())
        kinds = [kind_of(part, root, depth + 1) for part in unlike[:_MOST_PARTS]]
        return " or ".join(dict.fromkeys([*kinds, *["…"] * (len(unlike) > _MOST_PARTS)]))
    if kinds == ["array"]:
        inner = kind_of(item_schema(node, 0), root, depth + 1) if depth < _DEEPEST else "JSON"
        return f"list of {_PLURALS.get(inner, inner)}"
    return " or ".join(_NAMES.get(kind, "JSON") for kind in kinds) or "JSON"


def default_of(parameter: Parameter) -> str:
    """`default 20`, or `required`."""
    if parameter.required:
        return "required"
    default = parameter.default
    if is_object(default) and isinstance(default.get("path"), str):
        name = default.get("orig_name") or str(default["path"]).rpartition("/")[2]
        return f"default: the file {visible_line(str(name))}"
    return f"default {_json(default)}"


def remark_of(parameter: Parameter) -> str:
    """The label, if it says more than the name, and the app's own remark."""
    label = title_of(parameter)
    said = label.casefold().replace(" ", "_") == parameter.name.casefold()
    return "; ".join(filter(None, ["" if said else label, visible_line(parameter.description)]))


def title_of(value: Parameter | ReturnValue) -> str:
    """The label, cut after 40 characters."""
    label = visible_line(value.label)
    return label if len(label) <= _LONGEST else f"{label[:_LONGEST]}…"


def marks_of(endpoint: Endpoint) -> list[str]:
    """What is special about an endpoint."""
    facts = {
        "streams": endpoint.streaming,
        "no queue": not endpoint.queued,
        "keeps State": endpoint.stateful,
        "reads a selection on the page": endpoint.event_data,
        endpoint.visibility: endpoint.visibility != "public",
    }
    return [mark for mark, holds in facts.items() if holds]


def _choices(choices: list[Any]) -> str:
    shown = " | ".join(_json(choice) for choice in choices[:_MOST_CHOICES])
    more = len(choices) - _MOST_CHOICES
    return f"{shown} | … {more} more" if more > 0 else shown


def _json(value: Any) -> str:
    text = visible_line(json.dumps(as_dict(value) or value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
