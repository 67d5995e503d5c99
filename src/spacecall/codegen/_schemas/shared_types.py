"""One set of named types for a whole app.

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
from spacecall.codegen._names import pascal_case
from spacecall.errors import ProtocolError

__all__ = ["Named", "share"]

_DEEPEST = 64
_MOST_VALUES = 5_000_000
_STEPS = 20_000
"""Comparisons of the types of one input or output."""
_REMARKS = frozenset({"title", "description", "examples"})
_PREFIX = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Named:
    """A schema whose object types may be defined in it.

    Attributes:
        name: what an object type without a title is called after.
        schema: JSON Schema; its `$defs`, if any, are at its root.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(slots=True)
class _Local:
    """The object types of one schema, under names of its own."""

    budget: Budget
    types: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _added: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _numbers: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, wanted: str, schema: dict[str, Any]) -> str:
        if wanted in self.types and _plain(self.types[wanted]) == _plain(schema):
            return wanted
        written = (wanted, json.dumps(_plain(schema), sort_keys=True))
        if written not in self._added:
            name, number = wanted, self._numbers.get(wanted, 1)
            while name in self.types:
                number += 1
                name = f"{wanted}{number}"
            self._numbers[wanted] = number
            self.types[name] = schema
            self._added[written] = name
        return self._added[written]


def share(schemas: Sequence[Named]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The schemas with their object types taken out, and the types by name.

    Types that are alike but for their remarks become one. Where different types have one title,
    each gets the beginning of its hash added, so that names do not depend on an order.

    Raises:
        ProtocolError: there is too much of them.
    """
    size = 0
    for one in schemas:
        size += count_values(one.schema)
        if size > _MOST_VALUES:
            raise ProtocolError(f"the app's schemas have more than {_MOST_VALUES:,} values in all")
    try:
        return _share(schemas)
    except TooMuchWorkError as error:
        raise ProtocolError(
            "an input or output of the app has too many types to be written down"
        ) from error


def _share(
    schemas: Sequence[Named],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    hoisted = [_hoist(one) for one in schemas]
    variants: dict[str, dict[str, None]] = {}
    marks: list[dict[str, str]] = []
    for _, local in hoisted:
        marks.append({name: _mark(name, local) for name in local.types})
        for name, mark in marks[-1].items():
            variants.setdefault(_title(name, local.types[name]), {})[mark] = None
    finals = _finals(variants)
    shared: dict[str, dict[str, Any]] = {}
    rewritten: list[dict[str, Any]] = []
    for (schema, local), known in zip(hoisted, marks, strict=True):
        names = {
            name: finals[_title(name, local.types[name]), mark] for name, mark in known.items()
        }
        rename = _renamer(names)
        for name, final in names.items():
            kept = shared.setdefault(final, rename(local.types[name]))
            if not kept.get("description") and (remark := local.types[name].get("description")):
                kept["description"] = remark
        rewritten.append(rename(schema))
    return rewritten, dict(sorted(shared.items()))


def _hoist(named: Named) -> tuple[dict[str, Any], _Local]:
    definitions = as_dict(named.schema.get("$defs"))
    local = _Local(Budget(None, _STEPS))
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
        local.types[renamed[name]] = _walk(as_dict(schema), local, renamed, named.name, top=True)
    body = {key: value for key, value in named.schema.items() if key != "$defs"}
    return _walk(body, local, renamed, named.name), local


def _walk(
    schema: Mapping[str, Any],
    local: _Local,
    renamed: Mapping[str, str],
    owner: str,
    *,
    top: bool = False,
    depth: int = 0,
) -> dict[str, Any]:
    """`schema` with its inline object types moved into `local`, and its references renamed."""
    if depth > _DEEPEST:
        return {}
    if "$ref" in schema:
        name = renamed.get(as_str(schema["$ref"]).removeprefix(_PREFIX))
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"$ref": f"{_PREFIX}{name}", **rest} if name else rest
    title = pascal_case(as_str(schema.get("title")))

    def inner(child: Any, place: str) -> Any:
        if not is_object(child):
            return child
        return _walk(
            child, local, renamed, f"{title or owner}{pascal_case(place)}", depth=depth + 1
        )

    walked = _children(schema, inner)
    if top or not as_dict(schema.get("properties")):
        return walked
    outside = {key: walked.pop(key) for key in ("default",) if key in walked}
    name = local.add(title or pascal_case(owner) or "Value", walked)
    return {"$ref": f"{_PREFIX}{name}", **outside}


def _children(schema: Mapping[str, Any], change: Callable[[Any, str], Any]) -> dict[str, Any]:
    """A copy of `schema` with each schema right inside it changed; `change` gets its place too."""
    made = dict(schema)
    for key in ("properties", "patternProperties", "$defs"):
        if key in made:
            made[key] = {name: change(one, name) for name, one in as_dict(made[key]).items()}
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in made:
            made[key] = [change(one, "") for one in as_list(made[key])]
    for key, place in (("items", "item"), ("additionalProperties", "value")):
        if is_object(made.get(key)):
            made[key] = change(made[key], place)
    return made


def _renamer(names: Mapping[str, str]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def rename(schema: Mapping[str, Any]) -> dict[str, Any]:
        made = _children(schema, lambda one, _: rename(one) if is_object(one) else one)
        if "$ref" in made:
            made["$ref"] = f"{_PREFIX}{names[made['$ref'].removeprefix(_PREFIX)]}"
        return made

    return rename


def _title(name: str, schema: Mapping[str, Any]) -> str:
    return pascal_case(as_str(schema.get("title"))) or name


def _finals(variants: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """The name of each type, by title and mark: the title, with a mark where types share it."""
    names = {(title, mark): title for title, (mark, *more) in variants.items() if not more}
    used = set(names.values())
    for title, mark in sorted((title, mark) for title, marks in variants.items() for mark in marks):
        if (title, mark) not in names:
            marked = (f"{title}{mark[:length].upper()}" for length in range(4, len(mark) + 1))
            names[title, mark] = next(name for name in marked if name not in used)
            used.add(names[title, mark])
    return names


def _mark(name: str, local: _Local) -> str:
    """A hash of what a type is, of the types it refers to, and of theirs; remarks do not count."""
    found: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            local.budget.spend()
            found[one] = _plain(local.types[one])
            waiting += sorted(_references(local.types[one]))
    written = json.dumps([name, found], sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without remarks, for comparing."""
    made = _children(schema, lambda one, _: _plain(one) if is_object(one) else one)
    return {key: value for key, value in made.items() if key not in _REMARKS}


def _references(schema: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()

    def look(one: Any, _: str) -> Any:
        if is_object(one):
            found.update(_references(one))
        return one

    _children(schema, look)
    if "$ref" in schema:
        found.add(as_str(schema["$ref"]).removeprefix(_PREFIX))
    return found
