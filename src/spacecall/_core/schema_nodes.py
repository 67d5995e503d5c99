"""Read one node of a JSON Schema: its references, branches, and the kinds of value that fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_object

__all__ = [
    "KINDS",
    "Schema",
    "alternatives",
    "branches",
    "is_file_kind",
    "is_kind",
    "is_list",
    "is_number",
    "item_schema",
    "kinds_of",
    "property_schema",
    "resolve",
]

Schema: TypeAlias = Mapping[str, Any]

KINDS = {
    "array": "a list",
    "boolean": "a bool",
    "file": "a file",
    "integer": "an integer",
    "null": "None",
    "number": "a number",
    "object": "a dict",
    "string": "a str",
}
"""The kinds of value, those of JSON and `file`, with their names in messages."""

_MAX_REFERENCES = 32
_MAX_BRANCHES = 256
"""Branches of nested unions that are searched for the kinds of value that fit."""
_NEVER: Schema = {"not": {}}
_FILE_KEYS = frozenset({"path", "url", "orig_name", "mime_type"})


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return `schema`, or the target of its local `$ref`; `{}` if there is no target."""
    node = as_dict(schema)
    for _ in range(_MAX_REFERENCES):
        if "$ref" not in node:
            return node
        name = str(node["$ref"]).rpartition("/")[2]
        node = as_dict(as_dict(root.get("$defs")).get(name))
    return {}


def branches(node: Schema) -> list[Schema]:
    """Return the branches of a union, unresolved."""
    return as_list(node.get("anyOf")) or as_list(node.get("oneOf"))


def alternatives(schema: Schema, root: Schema) -> list[Schema]:
    """Return `schema` and all branches of its nested unions, resolved: each once, at most 256."""
    nodes: dict[int, Schema] = {}
    stack = [schema]
    while stack and len(nodes) < _MAX_BRANCHES:
        node = resolve(stack.pop(), root)
        if id(node) not in nodes:
            nodes[id(node)] = node
            stack += reversed(branches(node)[:_MAX_BRANCHES])
    return list(nodes.values())


def item_schema(node: Schema, index: int) -> Schema:
    """Return the schema of an array's element at `index`."""
    places: list[Schema] = as_list(node.get("prefixItems"))
    if index < len(places):
        return places[index]
    return _NEVER if node.get("items") is False else as_dict(node.get("items"))


def property_schema(node: Schema, key: object) -> Schema | None:
    """Return the schema of an object's property `key`; None if the property is not allowed."""
    properties = as_dict(node.get("properties"))
    if isinstance(key, str) and key in properties:
        return as_dict(properties[key])
    additional = node.get("additionalProperties")
    return None if additional is False else as_dict(additional)


def kinds_of(schema: Schema, root: Schema) -> list[str]:
    """Return the kinds of value that may fit; empty if any may, or if a union is too large."""
    kinds: dict[str, None] = {}
    visited: set[int] = set()
    branches_left = _MAX_BRANCHES
    stack = [schema]
    while stack:
        node = resolve(stack.pop(), root)
        if id(node) in visited:
            continue  # its kinds were added, also if it refers to itself
        visited.add(id(node))
        if as_dict(node.get("properties")).keys() >= _FILE_KEYS:
            kinds["file"] = None
        elif kind := node.get("type"):
            kinds.update(dict.fromkeys([kind] if isinstance(kind, str) else as_str_list(kind)))
        else:
            parts = branches(node) or as_list(node.get("allOf"))[:1]
            branches_left -= len(parts)
            if not parts or branches_left < 0:
                return []
            stack += reversed(parts)
    return list(kinds)


def is_file_kind(kinds: list[str]) -> bool:
    """Return whether `kinds` is `file`, or `file` and `null`."""
    return "file" in kinds and not set(kinds) - {"file", "null"}


def is_kind(value: object, kind: str) -> bool:
    """Return whether `value` is of a kind, one of `KINDS`."""
    match kind:
        case "array":
            return is_list(value)
        case "boolean":
            return isinstance(value, bool)
        case "file":
            return _may_be_file(value)
        case "integer":
            return is_number(value) and (isinstance(value, int) or value.is_integer())
        case "null":
            return value is None
        case "number":
            return is_number(value)
        case "object":
            return is_object(value)
        case _:
            return isinstance(value, str)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether JSON writes `value` as an array."""
    return isinstance(value, (list, tuple))


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether JSON writes `value` as a number: not a bool, nan or inf."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _may_be_file(value: object) -> bool:
    if is_object(value):
        return "path" in value or "url" in value
    return not (value is None or isinstance(value, (bool, int, float, list, tuple, set)))
