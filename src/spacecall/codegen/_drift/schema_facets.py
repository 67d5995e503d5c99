"""A value's schema taken apart: what rules of their own compare, and the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import is_array, is_object, items, mapping, strings
from spacecall._core.schema_nodes import KINDS, branches, kinds_of, means_file
from spacecall.codegen._drift.subschema import Typed, same

__all__ = ["Facets", "canonical", "difference", "is_payload", "or_null", "split", "words"]

_CHOICE_KINDS = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))
_DEEPEST = 8
_MOST_NODES = 500
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Facets:
    """A schema in parts.

    Attributes:
        core: the schema without the parts, remarks left out.
        null: whether null fits.
        choices: the only values, of it or of the elements of a list; None where they are open.
        minimum: the smallest number.
        maximum: the largest number.
    """

    core: Typed
    null: bool = False
    choices: tuple[Any, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


def split(value: Typed) -> Facets:
    """The parts of a schema."""
    node, null = _without_null(value)
    schema = dict(node.schema)
    inner = mapping(schema.get("items"))
    choices: tuple[Any, ...] | None = None
    if "enum" in schema:
        choices, schema = tuple(items(schema["enum"])), _opened(schema)
    elif schema.get("type") == "array" and "enum" in inner:
        choices, schema["items"] = tuple(items(inner["enum"])), _opened(inner)
    low, high = schema.pop("minimum", None), schema.pop("maximum", None)
    return Facets(node.to(schema), null, choices, low, high)


def or_null(value: Typed) -> Typed:
    """The same, or null."""
    return value.to({"anyOf": [value.schema, {"type": "null"}]}) if value.schema else value


def is_payload(value: Typed) -> bool:
    """Whether it is a file, a list of files, or an object made of files, as a video is in Gradio 5.

    Lists of lists count, and null does not matter.
    """
    ahead, seen = [value], 0
    while ahead and seen < _MOST_NODES:
        seen += 1
        part = ahead.pop()
        if means_file(kinds_of(part.schema, part.root)):
            return True
        node = _without_null(part)[0].plain()
        if node.schema.get("type") == "array":
            inner = [*items(node.schema.get("prefixItems")), node.schema.get("items")]
        else:
            inner = list(mapping(node.schema.get("properties")).values())
        ahead += [node.to(one) for one in reversed(inner[:_MOST_NODES]) if is_object(one)]
    return False


def words(value: Typed, depth: int = 0) -> str:
    """A schema in a few words: `a list of files or None`."""
    node = value.plain()
    kinds = kinds_of(node.schema, node.root)
    if not kinds:
        return "any JSON" if not node.schema or depth > _DEEPEST else _listed(node.schema)
    inner = node.schema.get("items")
    if kinds == ["array"] and is_object(inner) and inner and depth < 2:
        return f"a list of ({words(node.to(inner), depth + 1)})"
    if kinds == ["object"] and (names := mapping(node.schema.get("properties"))):
        shown = [*names][:_NAMED]
        return f"a dict of {', '.join(shown)}{' …' if len(names) > _NAMED else ''}"
    found = branches(node.schema)
    if found and depth < 2:
        return " or ".join(dict.fromkeys(words(node.to(one), depth + 1) for one in found))
    return " or ".join(KINDS.get(kind, kind) for kind in kinds)


def difference(was: Typed, now: Typed) -> tuple[str, Typed, Typed]:
    """Where two schemas first differ (`[].content`, empty for at once), and what they are there."""
    path = ""
    for _ in range(_DEEPEST):
        one, two = was.plain().schema, now.plain().schema
        lists = [side.get("items") for side in (one, two) if side.get("type") == "array"]
        members = [mapping(side.get("properties")) for side in (one, two)]
        if len(lists) == 2 and is_object(lists[0]) and is_object(lists[1]):
            step, parts = "[]", (lists[0], lists[1])
        elif members[0] and members[0].keys() == members[1].keys():
            step, parts = _changed_member(was, now, members[0], members[1])
        else:
            break
        if not step or same(was.to(parts[0]), now.to(parts[1])):
            break
        path, was, now = path + step, was.to(parts[0]), now.to(parts[1])
    return path, was, now


def _changed_member(
    was: Typed, now: Typed, old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[str, tuple[Any, Any]]:
    for key in old:
        if not same(was.to(old[key]), now.to(new[key])):
            return f".{key}", (old[key], new[key])
    return "", ({}, {})


def canonical(value: Any) -> str:
    """A text that is the same for the same JSON: keys in any order, 1 as 1.0."""
    return json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    if is_object(value):
        return {key: _plain_numbers(one) for key, one in value.items()}
    if is_array(value):
        return [_plain_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _listed(schema: Mapping[str, Any]) -> str:
    choices = items(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    return " or ".join(json.dumps(one) for one in choices[:5]) or "a union"


def _without_null(value: Typed) -> tuple[Typed, bool]:
    node = value if "$ref" in value.schema else value.plain()
    kinds = node.schema.get("type")
    if is_array(kinds) and "null" in kinds:
        rest = [kind for kind in strings(kinds) if kind != "null"]
        shown: Any = rest[0] if len(rest) == 1 else rest
        return node.to({**node.schema, "type": shown}), True
    found = branches(node.schema)
    others = [one for one in found if one.get("type") != "null"]
    if len(others) == len(found) or not others:
        return node, False
    return (node.to(others[0]) if len(others) == 1 else node.to({"anyOf": others})), True


def _opened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` with the kinds of its choices for the choices."""
    kinds = _kinds(items(schema["enum"]))
    rest = {key: one for key, one in schema.items() if key != "enum"}
    return {**rest, "type": kinds[0] if len(kinds) == 1 else kinds}


def _kinds(choices: Sequence[Any]) -> list[str]:
    found = (
        next((kind for type_, kind in _CHOICE_KINDS if isinstance(one, type_)), "null")
        for one in choices
    )
    return sorted(set(found))
