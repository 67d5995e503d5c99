"""Split a value's schema into the facets that have rules of their own, and the remaining type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import KINDS, branches, is_file_kind, kinds_of
from spacecall.codegen._drift.subschema import SchemaNode, is_equivalent
from spacecall.codegen._schemas.schema_documents import get_extension

__all__ = [
    "Facets",
    "canonical_json",
    "describe_schema",
    "first_difference",
    "is_file_payload",
    "split_facets",
    "with_null",
]

_CHOICE_KINDS = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))
_MAX_DEPTH = 8
_MAX_NODES = 500
_MAX_NAMES = 4


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of a schema.

    Attributes:
        core: the schema without the facets.
        nullable: whether it allows null.
        choices: the allowed values, of the value or of the items of a list; None if any is allowed,
            and empty if all are refused.
        minimum: the smallest number allowed; None for no limit.
        maximum: the largest number allowed; None for no limit.
    """

    core: SchemaNode
    nullable: bool = False
    choices: tuple[Any, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


def split_facets(value: SchemaNode) -> Facets:
    """Split a schema into its facets."""
    node, null = _without_null(value)
    schema = dict(node.schema)
    inner = as_dict(schema.get("items"))
    choices: tuple[Any, ...] | None = None
    if "enum" in schema:
        choices, schema = tuple(as_list(schema["enum"])), _without_choices(schema)
    elif schema.get("type") == "array" and "enum" in inner:
        choices, schema["items"] = tuple(as_list(inner["enum"])), _without_choices(inner)
    elif get_extension(value.schema).get("no_choices") is True:
        choices = ()
    low, high = schema.pop("minimum", None), schema.pop("maximum", None)
    return Facets(node.with_schema(schema), null, choices, low, high)


def with_null(value: SchemaNode) -> SchemaNode:
    """Return the schema that also allows null."""
    return value.with_schema({"anyOf": [value.schema, {"type": "null"}]}) if value.schema else value


def is_file_payload(value: SchemaNode) -> bool:
    """Check whether a value is a file, a list of files, or an object that consists of files.

    A video is such an object in Gradio 5. Lists of lists count; null is not considered.
    """
    pending, visited = [value], 0
    while pending and visited < _MAX_NODES:
        visited += 1
        part = pending.pop()
        if is_file_kind(kinds_of(part.schema, part.root)):
            return True
        node = _without_null(part)[0].resolved()
        if node.schema.get("type") == "array":
            inner = [*as_list(node.schema.get("prefixItems")), node.schema.get("items")]
        else:
            inner = list(as_dict(node.schema.get("properties")).values())
        pending += [
            node.with_schema(child) for child in reversed(inner[:_MAX_NODES]) if is_object(child)
        ]
    return False


def describe_schema(value: SchemaNode, depth: int = 0) -> str:
    """Describe a schema in a few words: `a list of files or None`."""
    node = value.resolved()
    kinds = kinds_of(node.schema, node.root)
    if not kinds:
        return (
            "any JSON" if not node.schema or depth > _MAX_DEPTH else _describe_choices(node.schema)
        )
    inner = node.schema.get("items")
    if kinds == ["array"] and is_object(inner) and inner and depth < 2:
        return f"a list of ({describe_schema(node.with_schema(inner), depth + 1)})"
    if kinds == ["object"] and (names := as_dict(node.schema.get("properties"))):
        first_names = [*names][:_MAX_NAMES]
        return f"a dict of {', '.join(first_names)}{' …' if len(names) > _MAX_NAMES else ''}"
    union = branches(node.schema)
    if union and depth < 2:
        return " or ".join(
            dict.fromkeys(describe_schema(node.with_schema(branch), depth + 1) for branch in union)
        )
    return " or ".join(KINDS.get(kind, kind) for kind in kinds)


def first_difference(old: SchemaNode, new: SchemaNode) -> tuple[str, SchemaNode, SchemaNode]:
    """Return the path at which two schemas first differ, and their parts there.

    The path is `[].content`; it is empty if the schemas differ at the top.
    """
    path = ""
    for _ in range(_MAX_DEPTH):
        old_schema, new_schema = old.resolved().schema, new.resolved().schema
        lists = [
            side.get("items") for side in (old_schema, new_schema) if side.get("type") == "array"
        ]
        properties = [as_dict(side.get("properties")) for side in (old_schema, new_schema)]
        if len(lists) == 2 and is_object(lists[0]) and is_object(lists[1]):
            step, parts = "[]", (lists[0], lists[1])
        elif properties[0] and properties[0].keys() == properties[1].keys():
            step, parts = _changed_member(old, new, properties[0], properties[1])
        else:
            break
        if not step or is_equivalent(old.with_schema(parts[0]), new.with_schema(parts[1])):
            break
        path, old, new = path + step, old.with_schema(parts[0]), new.with_schema(parts[1])
    return path, old, new


def _changed_member(
    old_node: SchemaNode,
    new_node: SchemaNode,
    old_members: Mapping[str, Any],
    new_members: Mapping[str, Any],
) -> tuple[str, tuple[Any, Any]]:
    for key in old_members:
        if not is_equivalent(
            old_node.with_schema(old_members[key]), new_node.with_schema(new_members[key])
        ):
            return f".{key}", (old_members[key], new_members[key])
    return "", ({}, {})


def canonical_json(value: Any) -> str:
    """Encode JSON so that equal values give equal texts: sorted keys, 1 for 1.0."""
    return json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    if is_object(value):
        return {key: _plain_numbers(member) for key, member in value.items()}
    if is_array(value):
        return [_plain_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _describe_choices(schema: Mapping[str, Any]) -> str:
    choices = as_list(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    return " or ".join(json.dumps(choice) for choice in choices[:5]) or "a union"


def _without_null(value: SchemaNode) -> tuple[SchemaNode, bool]:
    node = value if "$ref" in value.schema else value.resolved()
    kinds = node.schema.get("type")
    if is_array(kinds) and "null" in kinds:
        other_kinds = [kind for kind in as_str_list(kinds) if kind != "null"]
        kind: Any = other_kinds[0] if len(other_kinds) == 1 else other_kinds
        return node.with_schema({**node.schema, "type": kind}), True
    union = branches(node.schema)
    not_null = [branch for branch in union if branch.get("type") != "null"]
    if len(not_null) == len(union) or not not_null:
        return node, False
    return node.with_schema(not_null[0] if len(not_null) == 1 else {"anyOf": not_null}), True


def _without_choices(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the choices of a schema by their types."""
    kinds = _choice_kinds(as_list(schema["enum"]))
    open_schema = {keyword: part for keyword, part in schema.items() if keyword != "enum"}
    return {**open_schema, "type": kinds[0] if len(kinds) == 1 else kinds}


def _choice_kinds(choices: Sequence[Any]) -> list[str]:
    names = (
        next((kind for type_, kind in _CHOICE_KINDS if isinstance(choice, type_)), "null")
        for choice in choices
    )
    return sorted(set(names))
