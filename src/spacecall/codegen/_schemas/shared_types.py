"""Collect the object types of all inputs and outputs into one set of named types.

/info repeats the definitions of a component at every parameter that uses it. Here each object type
gets one name, derived from its title, and every schema refers to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str, is_object
from spacecall._core.schema_check import Budget, TooMuchWorkError, count_values
from spacecall.codegen._name_spelling import pascal_case
from spacecall.errors import ProtocolError

__all__ = ["NamedSchema", "share_types"]

_MAX_DEPTH = 64
_MAX_VALUES = 5_000_000
_MAX_STEPS = 20_000
"""The most comparisons of the types of one input or output."""
_ANNOTATIONS = frozenset({"title", "description", "examples"})
_PREFIX = "#/$defs/"


@dataclass(frozen=True, slots=True)
class NamedSchema:
    """A schema that may define its object types in its own `$defs`.

    Attributes:
        name: the name for an object type without a title.
        schema: the JSON Schema, with its `$defs` at its root.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(slots=True)
class _LocalTypes:
    """The object types of one schema, by names that are unique in it."""

    budget: Budget
    types: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _added: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _numbers: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, preferred_name: str, schema: dict[str, Any]) -> str:
        """Add a type, and return its name: the preferred one, with a number if that is in use."""
        bare_schema = _without_annotations(schema)
        namesake = self.types.get(preferred_name)
        if namesake is not None and _without_annotations(namesake) == bare_schema:
            return preferred_name
        key = (preferred_name, json.dumps(bare_schema, sort_keys=True))
        if key not in self._added:
            name, number = preferred_name, self._numbers.get(preferred_name, 1)
            while name in self.types:
                number += 1
                name = f"{preferred_name}{number}"
            self._numbers[preferred_name] = number
            self.types[name] = schema
            self._added[key] = name
        return self._added[key]


def share_types(
    schemas: Sequence[NamedSchema],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return the schemas with references instead of object types, and the types by name.

    Types that differ only in titles, descriptions and examples become one. Different types of one
    title get the beginning of their hash as a suffix, so names do not depend on the order.

    Raises:
        ProtocolError: the schemas are too large.
    """
    size = 0
    for schema in schemas:
        size += count_values(schema.schema)
        if size > _MAX_VALUES:
            raise ProtocolError(f"the app's schemas have more than {_MAX_VALUES:,} values in all")
    try:
        return _share_types(schemas)
    except TooMuchWorkError as error:
        raise ProtocolError(
            "an input or output of the app has too many types to be written down"
        ) from error


def _share_types(
    schemas: Sequence[NamedSchema],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    extracted = [_extract_types(schema) for schema in schemas]
    variants: dict[str, dict[str, None]] = {}
    all_marks: list[dict[str, str]] = []
    for _, local in extracted:
        all_marks.append({name: _mark(name, local) for name in local.types})
        for name, mark in all_marks[-1].items():
            variants.setdefault(_type_title(name, local.types[name]), {})[mark] = None
    final_names = _final_names(variants)
    shared: dict[str, dict[str, Any]] = {}
    rewritten: list[dict[str, Any]] = []
    for (schema, local), marks_by_name in zip(extracted, all_marks, strict=True):
        names = {
            name: final_names[_type_title(name, local.types[name]), mark]
            for name, mark in marks_by_name.items()
        }
        rename = _renamer(names)
        for name, final in names.items():
            type_ = shared.setdefault(final, rename(local.types[name]))
            description = local.types[name].get("description")
            if description and not type_.get("description"):
                type_["description"] = description
        rewritten.append(rename(schema))
    return rewritten, dict(sorted(shared.items()))


def _extract_types(named_schema: NamedSchema) -> tuple[dict[str, Any], _LocalTypes]:
    definitions = as_dict(named_schema.schema.get("$defs"))
    local = _LocalTypes(Budget(None, _MAX_STEPS))
    renamed: dict[str, str] = {}
    for name, schema in definitions.items():
        title = pascal_case(name) or pascal_case(as_str(as_dict(schema).get("title"))) or "Type"
        renamed[name] = title
        number = 2
        while renamed[name] in local.types:
            local.budget.spend()
            renamed[name], number = f"{title}{number}", number + 1
        local.types[renamed[name]] = {}
    for name, schema in definitions.items():
        local.types[renamed[name]] = _extract_inline(
            as_dict(schema), local, renamed, named_schema.name, is_definition=True
        )
    body = {key: value for key, value in named_schema.schema.items() if key != "$defs"}
    return _extract_inline(body, local, renamed, named_schema.name), local


def _extract_inline(
    schema: Mapping[str, Any],
    local: _LocalTypes,
    renamed: Mapping[str, str],
    name_prefix: str,
    *,
    is_definition: bool = False,
    depth: int = 0,
) -> dict[str, Any]:
    """Return `schema` with its object types moved into `local`, and its references renamed."""
    if depth > _MAX_DEPTH:
        return {}
    if "$ref" in schema:
        name = renamed.get(as_str(schema["$ref"]).removeprefix(_PREFIX))
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        return {"$ref": f"{_PREFIX}{name}", **siblings} if name else siblings
    title = pascal_case(as_str(schema.get("title")))

    def inner(child: Any, key: str) -> Any:
        if not is_object(child):
            return child
        return _extract_inline(
            child, local, renamed, f"{title or name_prefix}{pascal_case(key)}", depth=depth + 1
        )

    walked = _map_children(schema, inner)
    if is_definition or not as_dict(schema.get("properties")):
        return walked
    outside = {key: walked.pop(key) for key in ("default",) if key in walked}
    name = local.add(title or pascal_case(name_prefix) or "Value", walked)
    return {"$ref": f"{_PREFIX}{name}", **outside}


def _map_children(schema: Mapping[str, Any], change: Callable[[Any, str], Any]) -> dict[str, Any]:
    """Return a copy of `schema` with each direct subschema changed; `change` also gets its key."""
    copied = dict(schema)
    for key in ("properties", "patternProperties", "$defs"):
        if key in copied:
            copied[key] = {
                name: change(child, name) for name, child in as_dict(copied[key]).items()
            }
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in copied:
            copied[key] = [change(child, "") for child in as_list(copied[key])]
    for key, name in (("items", "item"), ("additionalProperties", "value")):
        if is_object(copied.get(key)):
            copied[key] = change(copied[key], name)
    return copied


def _renamer(names: Mapping[str, str]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def rename(schema: Mapping[str, Any]) -> dict[str, Any]:
        renamed = _map_children(
            schema, lambda child, _: rename(child) if is_object(child) else child
        )
        if "$ref" in renamed:
            renamed["$ref"] = f"{_PREFIX}{names[renamed['$ref'].removeprefix(_PREFIX)]}"
        return renamed

    return rename


def _type_title(name: str, schema: Mapping[str, Any]) -> str:
    return pascal_case(as_str(schema.get("title"))) or name


def _final_names(variants: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """Return the name of each type by title and mark: the title, with a mark if types share it."""
    names = {
        (title, mark): title for title, (mark, *other_marks) in variants.items() if not other_marks
    }
    used = set(names.values())
    for title, mark in sorted((title, mark) for title, marks in variants.items() for mark in marks):
        if (title, mark) not in names:
            marked = (f"{title}{mark[:length].upper()}" for length in range(4, len(mark) + 1))
            names[title, mark] = next(name for name in marked if name not in used)
            used.add(names[title, mark])
    return names


def _mark(name: str, local: _LocalTypes) -> str:
    """Return a hash of a type and of all types that it refers to, without their annotations."""
    types: dict[str, Any] = {}
    pending = [name]
    while pending:
        type_name = pending.pop()
        if type_name not in types:
            local.budget.spend()
            types[type_name] = _without_annotations(local.types[type_name])
            pending += sorted(_references(local.types[type_name]))
    encoded = json.dumps([name, types], sort_keys=True)
    return hashlib.sha256(encoded.encode()).hexdigest()


def _without_annotations(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return `schema` without titles, descriptions and examples."""
    copied = _map_children(
        schema, lambda child, _: _without_annotations(child) if is_object(child) else child
    )
    return {key: value for key, value in copied.items() if key not in _ANNOTATIONS}


def _references(schema: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()

    def collect(child: Any, _: str) -> Any:
        if is_object(child):
            names.update(_references(child))
        return child

    _map_children(schema, collect)
    if "$ref" in schema:
        names.add(as_str(schema["$ref"]).removeprefix(_PREFIX))
    return names
