"""The keywords of JSON Schema, and the values that each takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from spacecall._core.json_values import as_list, as_str, is_array, is_object
from spacecall._core.schema_check import find_problems
from spacecall._core.schema_nodes import is_number
from spacecall._suggestions import did_you_mean

__all__ = [
    "check_schema",
    "enclose",
    "find_contradictions",
    "find_references",
    "find_schema_problems",
    "iter_schemas",
    "keywords_beside_reference",
    "restricting_keywords",
]

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_NODES: Final = frozenset({"items", "additionalProperties", "not", "if", "then", "else"})
_NODE_LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NODE_MAPS: Final = frozenset({"properties", "patternProperties", "$defs"})

_BESIDE_REFERENCE: Final = frozenset(
    {"$ref", "$comment", "title", "description", "default", "examples", "deprecated"}
    | {"readOnly", "writeOnly"}
)
"""The keywords that may be beside a `$ref`: they do not restrict the value."""

_LIMITS: Final = (
    *(("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")),
    *((f"min{count}", f"max{count}") for count in ("Length", "Items", "Properties")),
)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_type(value: Any) -> bool:
    names = value if is_array(value) else [value]
    return bool(names) and all(name in _TYPES for name in names)


def _is_schema(value: Any) -> bool:
    return is_object(value) or isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (TypeError, re.error):
        return False
    return True


_KEYWORDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    **dict.fromkeys(
        ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), (is_number, "a number")
    ),
    "multipleOf": (lambda value: is_number(value) and value > 0, "a number above 0"),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"),
        (_is_count, "a whole number of at least 0"),
    ),
    **dict.fromkeys(
        ("title", "description", "format", "$ref", "$id", "$schema", "$comment"),
        (_is_text, "a text"),
    ),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), (_is_text, "a text")),
    "pattern": (_is_pattern, "a regular expression"),
    "type": (_is_type, f"one of {', '.join(_TYPES)}, or a list of them"),
    "enum": (lambda value: is_array(value) and bool(value), "a list with at least one value"),
    "required": (lambda value: is_array(value) and all(map(_is_text, value)), "a list of names"),
    "examples": (is_array, "a list"),
    **dict.fromkeys(
        ("uniqueItems", "deprecated", "readOnly", "writeOnly"),
        (lambda value: isinstance(value, bool), "true or false"),
    ),
    **dict.fromkeys(_NODES, (_is_schema, "a schema")),
    **dict.fromkeys(
        _NODE_LISTS,
        (lambda value: is_array(value) and all(map(is_object, value)), "a list of schemas"),
    ),
    **dict.fromkeys(
        _NODE_MAPS,
        (
            lambda value: is_object(value) and all(map(is_object, value.values())),
            "a table of schemas",
        ),
    ),
    **dict.fromkeys(("default", "const", "discriminator"), (lambda _: True, "any value")),
}
"""What each keyword takes: a test, and its description."""


def find_schema_problems(path: list[str], value: Any) -> list[str]:
    """Return what is wrong with a value at a path in a schema document; nothing elsewhere.

    Args:
        path: the segments of the JSON pointer.
        value: at that place.
    """
    return [*check_schema(enclose(path, value))]


def find_references(path: list[str], value: Any) -> Iterator[str]:
    """Yield the `$ref` in a value at a path in a schema document, as `find_schema_problems`."""
    for schema in iter_schemas(enclose(path, value)):
        if "$ref" in schema and _is_text(schema["$ref"]):
            yield as_str(schema["$ref"])


def enclose(path: list[str], value: Any) -> Any:
    """Return a schema with the value of the keyword that a path names: `{}` if it names none."""
    segments = iter(path)
    for keyword in segments:
        if keyword in _NODES:
            continue
        if keyword in _NODE_LISTS | _NODE_MAPS and next(segments, None) is not None:
            continue
        return {} if [*segments] else {keyword: value}
    return value


def iter_schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and the schemas in it."""
    if not is_object(node):
        return
    yield node
    for keyword, value in node.items():
        if keyword in _NODES:
            yield from iter_schemas(value)
        elif keyword in _NODE_LISTS | _NODE_MAPS:
            for inner in value.values() if is_object(value) else as_list(value):
                yield from iter_schemas(inner)


def keywords_beside_reference(node: Mapping[str, Any]) -> list[str]:
    """Return the keywords beside a `$ref` that restrict the value too; none without a `$ref`."""
    if not _is_text(node.get("$ref")):
        return []
    return restricting_keywords(node)


def restricting_keywords(node: Mapping[str, Any]) -> list[str]:
    """Return the keywords of a schema that restrict the value, without `$ref`."""
    return [key for key in node if key not in _BESIDE_REFERENCE and not key.startswith("x-")]


def find_contradictions(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keywords of a schema that contradict each other: limits, and a type's choices."""
    for low, high in _LIMITS:
        if is_number(node.get(low)) and is_number(node.get(high)) and node[low] > node[high]:
            yield f"{low} {node[low]} is above {high} {node[high]}"
    type_ = node.get("type")
    if not _is_text(type_) and not is_array(type_):
        return
    for keyword, choices in (("const", [node.get("const")]), ("enum", as_list(node.get("enum")))):
        misfits = (find_problems({"type": type_}, choice) for choice in choices)
        if keyword in node and choices and all(misfits):
            yield f"{keyword} has no value of the type {json.dumps(type_)}"


def check_schema(node: Any) -> Iterator[str]:
    """Yield what is wrong with a schema and the schemas in it."""
    if isinstance(node, bool):
        return
    if not is_object(node):
        yield "a schema must be a table"
        return
    for keyword, value in node.items():
        yield from _check_keyword(keyword, value)


def _check_keyword(keyword: str, value: Any) -> Iterator[str]:
    if keyword.startswith("x-"):
        return
    if keyword not in _KEYWORDS:
        hint = did_you_mean(keyword, _KEYWORDS, f"the keywords are {', '.join(sorted(_KEYWORDS))}")
        yield f"{keyword!r} is not a keyword of a schema; {hint}"
        return
    is_valid, expected = _KEYWORDS[keyword]
    if not is_valid(value):
        yield f"{keyword} must be {expected}"
        return
    if keyword in _NODES:
        yield from check_schema(value)
    elif keyword in _NODE_LISTS | _NODE_MAPS:
        for inner in value.values() if is_object(value) else value:
            yield from check_schema(inner)
