"""Gradio's way of writing JSON Schema, made JSON Schema 2020-12.

What Gradio's own schemas say wrongly, as seen on 3.50 to 6.31:

- `"type": {}` stands for any JSON (JSON, State, native plots), Navbar is `{}`;
- choices are `type: string` whatever they are (`{"enum": [2025, 2030], "type": "string"}`), and
  may be empty where the app fills them in later;
- `additional_description` is a keyword, and may be null;
- files of 3.50 are paths, objects or base64, whichever is given (see `old_files`);
- a value that may be null is rarely said to be (see `nullable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall._core.gradio3_files import FILE_SCHEMA, is_gradio3_file
from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import is_number

__all__ = ["normalize_schema", "nullable"]

_DEEPEST = 64
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
_NAMED = ("properties", "patternProperties")
_DEFINITIONS = ("$defs", "definitions")
_INNER = (*_UNIONS, "items", "prefixItems", "additionalProperties")


def normalize_schema(type_: object) -> dict[str, Any]:
    """`type_` of /info as JSON Schema 2020-12; its `$defs` are at its root.

    Never raises: what is not understood becomes `{}`, which any JSON fits.
    """
    definitions: dict[str, Any] = {}
    _collect(type_, definitions, 0)
    known = frozenset(definitions)
    cleaned = _clean(type_, known, 0)
    if definitions:
        cleaned["$defs"] = _named(definitions, known, 0)
    return cleaned


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema`, or null."""
    inner = dict(schema)
    outer: dict[str, Any] = {}
    for key in ("$defs", "description"):
        if key in inner:
            outer[key] = inner.pop(key)
    return {"anyOf": [inner, {"type": "null"}], **outer} if inner else outer


def _clean(raw: object, known: frozenset[str], depth: int) -> dict[str, Any]:
    if raw is False:
        return {"not": {}}
    schema = as_dict(raw)
    if depth > _DEEPEST:
        return {}
    if is_gradio3_file(schema):
        return dict(FILE_SCHEMA)
    if "$ref" in schema:
        kept = {key: schema[key] for key in ("default", "description") if key in schema}
        return {**_reference(schema["$ref"], known), **kept}
    cleaned = _scalars(schema)
    for key in _NAMED:
        if named := as_dict(schema.get(key)):
            cleaned[key] = _named(named, known, depth + 1)
    for key in _UNIONS:
        if branches := as_list(schema.get(key)):
            cleaned[key] = [_clean(branch, known, depth + 1) for branch in branches]
    additional = schema.get("additionalProperties")
    if isinstance(additional, bool):
        cleaned["additionalProperties"] = additional
    elif is_object(additional):
        cleaned["additionalProperties"] = _clean(additional, known, depth + 1)
    cleaned.update(_items(schema, known, depth))
    return cleaned


def _collect(raw: object, definitions: dict[str, Any], depth: int) -> None:
    if is_array(raw):
        for member in raw if depth <= _DEEPEST else ():
            _collect(member, definitions, depth + 1)
    elif is_object(raw) and depth <= _DEEPEST:
        for key in _DEFINITIONS:
            for name, member in as_dict(raw.get(key)).items():
                definitions.setdefault(str(name), member)
                _collect(member, definitions, depth + 1)
        for key in _NAMED:
            for member in as_dict(raw.get(key)).values():
                _collect(member, definitions, depth + 1)
        for key in _INNER:
            if key in raw:
                _collect(raw[key], definitions, depth + 1)


def _scalars(schema: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    if kinds := _types(schema.get("type")):
        cleaned["type"] = kinds[0] if len(kinds) == 1 else kinds
    cleaned.update({key: schema[key] for key in _ANNOTATIONS if isinstance(schema.get(key), str)})
    extra = schema.get("additional_description")
    if isinstance(extra, str) and extra and not cleaned.get("description"):
        cleaned["description"] = extra
    for key in (*_BOUNDS, *_COUNTS):
        value = schema.get(key)
        if is_number(value):
            cleaned[key] = value
    cleaned.update({key: schema[key] for key in ("default", "const") if key in schema})
    if schema.get("uniqueItems") is True:
        cleaned["uniqueItems"] = True
    if required := as_str_list(schema.get("required")):
        cleaned["required"] = required
    if choices := as_list(schema.get("enum")):
        cleaned["enum"] = choices
        if not all(_fits(choice, kinds) for choice in choices):
            cleaned.pop("type", None)
    return cleaned


def _items(schema: Mapping[str, Any], known: frozenset[str], depth: int) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    places, rest = as_list(schema.get("prefixItems")), schema.get("items")
    if is_array(rest):
        # how drafts before 2020-12 wrote a tuple
        places, rest = rest, schema.get("additionalItems")
    if places:
        cleaned["prefixItems"] = [_clean(place, known, depth + 1) for place in places]
    if rest is False:
        cleaned["items"] = False
    elif rest is True or is_object(rest):
        cleaned["items"] = _clean(rest, known, depth + 1)
    return cleaned


def _named(members: Mapping[str, Any], known: frozenset[str], depth: int) -> dict[str, Any]:
    return {str(name): _clean(member, known, depth) for name, member in members.items()}


def _reference(target: object, known: frozenset[str]) -> dict[str, Any]:
    name = target.rpartition("/")[2] if isinstance(target, str) else ""
    local = (f"#/$defs/{name}", f"#/definitions/{name}")
    return {"$ref": local[0]} if name in known and target in local else {}


def _types(value: object) -> list[str]:
    names = [value] if isinstance(value, str) else as_str_list(value)
    return [name for name in dict.fromkeys(names) if name in _TYPES]


def _fits(value: object, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)
