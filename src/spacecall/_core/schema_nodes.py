"""One node of a JSON Schema: its references, its branches, the kinds of value that fit it."""

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
"""The kinds of value, as people call them: those of JSON, and `file`."""

_LONGEST_CHAIN = 32
_MOST_BRANCHES = 256
"""Branches of nested unions that are looked at for the kinds of value that fit."""
_NEVER: Schema = {"not": {}}
_FILE = frozenset({"path", "url", "orig_name", "mime_type"})


def resolve(schema: Schema, root: Schema) -> Schema:
    """`schema`, or what its local `$ref` leads to; `{}` where that leads nowhere."""
    node = as_dict(schema)
    for _ in range(_LONGEST_CHAIN):
        if "$ref" not in node:
            return node
        name = str(node["$ref"]).rpartition("/")[2]
        node = as_dict(as_dict(root.get("$defs")).get(name))
    return {}


def branches(node: Schema) -> list[Schema]:
    """The alternatives of a union, unresolved."""
    return as_list(node.get("anyOf")) or as_list(node.get("oneOf"))


def alternatives(schema: Schema, root: Schema) -> list[Schema]:
    """`schema`, and the branches of the unions in it, resolved: each once, and at most 256."""
    found: dict[int, Schema] = {}
    ahead = [schema]
    while ahead and len(found) < _MOST_BRANCHES:
        node = resolve(ahead.pop(), root)
        if id(node) not in found:
            found[id(node)] = node
            ahead += reversed(branches(node)[:_MOST_BRANCHES])
    return list(found.values())


def item_schema(node: Schema, index: int) -> Schema:
    """What an array's element at `index` must fit."""
    places: list[Schema] = as_list(node.get("prefixItems"))
    if index < len(places):
        return places[index]
    return _NEVER if node.get("items") is False else as_dict(node.get("items"))


def property_schema(node: Schema, key: object) -> Schema | None:
    """What an object's member `key` must fit; None if it may not have one."""
    known = as_dict(node.get("properties"))
    if isinstance(key, str) and key in known:
        return as_dict(known[key])
    rest = node.get("additionalProperties")
    return None if rest is False else as_dict(rest)


def kinds_of(schema: Schema, root: Schema) -> list[str]:
    """The kinds of value that can fit; empty when any can, or when a union is too large to say."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    branches_left = _MOST_BRANCHES
    ahead = [schema]
    while ahead:
        node = resolve(ahead.pop(), root)
        if id(node) in seen:
            continue  # its kinds are among those found, also where it refers to itself
        seen.add(id(node))
        if as_dict(node.get("properties")).keys() >= _FILE:
            found["file"] = None
        elif kind := node.get("type"):
            found.update(dict.fromkeys([kind] if isinstance(kind, str) else as_str_list(kind)))
        else:
            parts = branches(node) or as_list(node.get("allOf"))[:1]
            branches_left -= len(parts)
            if not parts or branches_left < 0:
                return []
            ahead += reversed(parts)
    return list(found)


def is_file_kind(kinds: list[str]) -> bool:
    """Whether `kinds` is a file, or a file and null."""
    return "file" in kinds and not set(kinds) - {"file", "null"}


def is_kind(value: object, kind: str) -> bool:
    """Whether `value` is of one of the `KINDS`."""
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
    """Whether JSON would make it an array."""
    return isinstance(value, (list, tuple))


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether JSON would make it a number: a bool, nan and inf are none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _may_be_file(value: object) -> bool:
    if is_object(value):
        return "path" in value or "url" in value
    return not (value is None or isinstance(value, (bool, int, float, list, tuple, set)))
