"""Convert Gradio's dialect of JSON Schema to JSON Schema 2020-12.

Errors of Gradio's schemas, measured on 3.50 to 6.31:

- `"type": {}` stands for any JSON (JSON, State, native plots), and Navbar is `{}`;
- choices always have `type: string` (`{"enum": [2025, 2030], "type": "string"}`), and are empty
  if the app fills them in later;
- `additional_description` is used as a keyword, and may be null;
- files of 3.50 are paths, objects or base64 (see `gradio3_files`);
- a schema of a value that may be null rarely allows null (see `nullable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall._core.gradio3_files import FILE_SCHEMA, is_gradio3_file
from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import is_number

__all__ = ["normalize_schema", "nullable"]

_MAX_DEPTH = 64
_TYPES = {
    "array": (list, tuple),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (Mapping,),
    "string": (str,),
}
_ANNOTATIONS = ("title", "description", "pattern", "format")
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_UNIONS = ("anyOf", "oneOf", "allOf")
_PROPERTIES = ("properties", "patternProperties")
_DEFINITIONS = ("$defs", "definitions")
_INNER = (*_UNIONS, "items", "prefixItems", "additionalProperties")


def normalize_schema(type_: object) -> dict[str, Any]:
    """Convert the `type` of a slot in /info to JSON Schema 2020-12, with `$defs` at its root.

    Never raises: an invalid schema becomes `{}`, which any JSON fits.
    """
    definitions: dict[str, Any] = {}
    _collect_definitions(type_, definitions, 0)
    names = frozenset(definitions)
    normalized = _normalize(type_, names, 0)
    if definitions:
        normalized["$defs"] = _normalize_members(definitions, names, 0)
    return normalized


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of values that fit `schema`, or null."""
    inner = dict(schema)
    outer: dict[str, Any] = {}
    for key in ("$defs", "description"):
        if key in inner:
            outer[key] = inner.pop(key)
    return {"anyOf": [inner, {"type": "null"}], **outer} if inner else outer


def _normalize(raw: object, definitions: frozenset[str], depth: int) -> dict[str, Any]:
    if raw is False:
        return {"not": {}}
    schema = as_dict(raw)
    if depth > _MAX_DEPTH:
        return {}
    if is_gradio3_file(schema):
        return dict(FILE_SCHEMA)
    if "$ref" in schema:
        annotations = {key: schema[key] for key in ("default", "description") if key in schema}
        return {**_reference(schema["$ref"], definitions), **annotations}
    normalized = _scalars(schema)
    for key in _PROPERTIES:
        if members := as_dict(schema.get(key)):
            normalized[key] = _normalize_members(members, definitions, depth + 1)
    for key in _UNIONS:
        if branches := as_list(schema.get(key)):
            normalized[key] = [_normalize(branch, definitions, depth + 1) for branch in branches]
    additional = schema.get("additionalProperties")
    if isinstance(additional, bool):
        normalized["additionalProperties"] = additional
    elif is_object(additional):
        normalized["additionalProperties"] = _normalize(additional, definitions, depth + 1)
    normalized.update(_items(schema, definitions, depth))
    return normalized


def _collect_definitions(raw: object, definitions: dict[str, Any], depth: int) -> None:
    if is_array(raw):
        for member in raw if depth <= _MAX_DEPTH else ():
            _collect_definitions(member, definitions, depth + 1)
    elif is_object(raw) and depth <= _MAX_DEPTH:
        for key in _DEFINITIONS:
            for name, member in as_dict(raw.get(key)).items():
                definitions.setdefault(str(name), member)
                _collect_definitions(member, definitions, depth + 1)
        for key in _PROPERTIES:
            for member in as_dict(raw.get(key)).values():
                _collect_definitions(member, definitions, depth + 1)
        for key in _INNER:
            if key in raw:
                _collect_definitions(raw[key], definitions, depth + 1)


def _scalars(schema: Mapping[str, Any]) -> dict[str, Any]:
    normalized: dict[str, Any] = {}
    if kinds := _types(schema.get("type")):
        normalized["type"] = kinds[0] if len(kinds) == 1 else kinds
    normalized.update(
        {key: schema[key] for key in _ANNOTATIONS if isinstance(schema.get(key), str)}
    )
    extra = schema.get("additional_description")
    if isinstance(extra, str) and extra and not normalized.get("description"):
        normalized["description"] = extra
    for key in (*_BOUNDS, *_COUNTS):
        value = schema.get(key)
        if is_number(value):
            normalized[key] = value
    normalized.update({key: schema[key] for key in ("default", "const") if key in schema})
    if schema.get("uniqueItems") is True:
        normalized["uniqueItems"] = True
    if required := as_str_list(schema.get("required")):
        normalized["required"] = required
    if choices := as_list(schema.get("enum")):
        normalized["enum"] = choices
        if not all(_fits(choice, kinds) for choice in choices):
            normalized.pop("type", None)
    return normalized


def _items(schema: Mapping[str, Any], definitions: frozenset[str], depth: int) -> dict[str, Any]:
    normalized: dict[str, Any] = {}
    prefix, items = as_list(schema.get("prefixItems")), schema.get("items")
    if is_array(items):
        # how drafts before 2020-12 wrote a tuple
        prefix, items = items, schema.get("additionalItems")
    if prefix:
        normalized["prefixItems"] = [_normalize(item, definitions, depth + 1) for item in prefix]
    if items is False:
        normalized["items"] = False
    elif items is True or is_object(items):
        normalized["items"] = _normalize(items, definitions, depth + 1)
    return normalized


def _normalize_members(
    members: Mapping[str, Any], definitions: frozenset[str], depth: int
) -> dict[str, Any]:
    return {str(name): _normalize(member, definitions, depth) for name, member in members.items()}


def _reference(target: object, definitions: frozenset[str]) -> dict[str, Any]:
    name = target.rpartition("/")[2] if isinstance(target, str) else ""
    local = (f"#/$defs/{name}", f"#/definitions/{name}")
    return {"$ref": local[0]} if name in definitions and target in local else {}


def _types(value: object) -> list[str]:
    names = [value] if isinstance(value, str) else as_str_list(value)
    return [name for name in dict.fromkeys(names) if name in _TYPES]


def _fits(value: object, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)
