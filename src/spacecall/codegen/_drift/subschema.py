"""Whether every value of one schema fits another one, as far as their structure shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import is_array, is_object, items, mapping, strings, text
from spacecall._core.schema_check import Budget, TooMuchWorkError, problems
from spacecall._core.schema_nodes import Schema, branches, kinds_of, means_file, place_of, resolve
from spacecall.codegen._schemas.schema_documents import NOTES

__all__ = ["Typed", "fits", "same"]

_REMARKS = frozenset({"title", "description", "default", "examples", NOTES})
_LOWS = ("minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties")
_HIGHS = ("maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "const")
_DEEPEST = 64
_STEPS = 5_000
"""Pairs of nodes that are compared before it counts as not to be seen."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A schema and the document that its references lead into."""

    schema: Schema
    root: Schema

    def to(self, schema: Any) -> Typed:
        """Another schema of the same document."""
        return Typed(mapping(schema), self.root)

    def plain(self) -> Typed:
        """What its reference leads to, without remarks."""
        node = resolve(self.schema, self.root)
        return self.to({key: one for key, one in node.items() if key not in _REMARKS})


def same(one: Typed, other: Typed) -> bool:
    """Whether the same values fit both."""
    return fits(one, other, extra=False) and fits(other, one, extra=False)


def fits(narrow: Typed, wide: Typed, *, extra: bool) -> bool:
    """Whether every value of `narrow` fits `wide`; False also where that cannot be seen.

    Args:
        narrow: what values there are.
        wide: what is wanted.
        extra: whether members that `wide` does not name are welcome, since whoever reads the value
            leaves them alone. They are lost where it names others.
    """
    try:
        return _Fit(extra, set(), Budget(None, _STEPS)).check(narrow, wide, 0)
    except (TooMuchWorkError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class _Fit:
    extra: bool
    assumed: set[tuple[str, str]]
    budget: Budget

    def check(self, narrow: Typed, wide: Typed, depth: int) -> bool:
        self.budget.spend(1 + len(self.assumed) // 8)
        names = (text(narrow.schema.get("$ref")), text(wide.schema.get("$ref")))
        if all(names):
            # a type that refers to itself fits unless something else in it does not
            if names in self.assumed:
                return True
            self.assumed.add(names)
        one, other = narrow.plain(), wide.plain()
        if not other.schema or one.schema.get("not") == {}:
            return True
        if depth > _DEEPEST or not one.schema:
            return depth > _DEEPEST
        if means_file(kinds_of(one.schema, one.root)) and _is_file(other):
            return _null(other) or not _null(one)
        if len(parts := list(self._alternatives(one))) > 1:
            return all(self.check(part, other, depth + 1) for part in parts)
        if len(options := list(self._alternatives(other))) > 1:
            return any(self.attempt(one, option, depth + 1) for option in options)
        return self._plain(parts[0].plain(), options[0].plain(), depth)

    def attempt(self, narrow: Typed, wide: Typed, depth: int) -> bool:
        """As `check`; nothing is assumed because of it where it fails."""
        trial = _Fit(self.extra, set(self.assumed), self.budget)
        fine = trial.check(narrow, wide, depth)
        self.assumed.update(trial.assumed if fine else ())
        return fine

    def _plain(self, one: Typed, other: Typed, depth: int) -> bool:
        if depth > _DEEPEST:
            return True
        if every := items(one.schema.get("allOf")):
            return any(self.attempt(one.to(part), other, depth + 1) for part in every)
        if every := items(other.schema.get("allOf")):
            return all(self.check(one, other.to(part), depth + 1) for part in every)
        values = _values(one.schema)
        if values is not None:
            each = {"type": "array", "items": other.schema}
            return not problems(each, values, root=other.root)
        if _values(other.schema) is not None or not _kind_fits(one.schema, other.schema):
            return False
        if not _limits_fit(one.schema, other.schema):
            return False
        return self._items(one, other, depth) and self._members(one, other, depth)

    def _items(self, one: Typed, other: Typed, depth: int) -> bool:
        if other.schema.get("type") != "array":
            return True
        places = max(len(items(side.schema.get("prefixItems"))) for side in (one, other))
        # one place beyond the named ones stands for all the rest
        return all(
            self.check(
                one.to(place_of(one.schema, place)),
                other.to(place_of(other.schema, place)),
                depth + 1,
            )
            for place in range(places + 1)
        )

    def _members(self, one: Typed, other: Typed, depth: int) -> bool:
        if other.schema.get("type") != "object":
            return True
        if set(strings(other.schema.get("required"))) - set(strings(one.schema.get("required"))):
            return False
        given, wanted = (mapping(side.schema.get("properties")) for side in (one, other))
        if not self.extra and wanted and given.keys() - wanted.keys():
            return False
        if other.schema.get("additionalProperties") is False and given.keys() - wanted.keys():
            return False
        pairs = [(given[key], wanted[key]) for key in wanted if key in given]
        if wanted and not given and one.schema.get("additionalProperties") is not False:
            # any member may be there, the wanted ones as well
            pairs += [(one.schema.get("additionalProperties"), part) for part in wanted.values()]
        rest, limit = (side.schema.get("additionalProperties") for side in (one, other))
        if is_object(limit) and rest is not False:
            pairs.append((rest, limit))
        return all(self.check(one.to(was), other.to(now), depth + 1) for was, now in pairs)

    def _alternatives(self, node: Typed) -> Iterable[Typed]:
        """The branches of a union, also of one that is written as a list of types."""
        self.budget.spend()
        kinds = node.schema.get("type")
        if is_array(kinds):
            for kind in strings(kinds):
                yield node.to({**node.schema, "type": kind})
            return
        found = branches(node.schema)
        if not found:
            yield node
        for branch in found:
            yield from self._alternatives(node.to(branch).plain())


def _values(schema: Schema) -> list[Any] | None:
    """The values that a schema lists, if it does."""
    if "const" in schema:
        return [schema["const"]]
    return items(schema["enum"]) if "enum" in schema else None


def _kind_fits(one: Schema, other: Schema) -> bool:
    wanted = other.get("type")
    given = one.get("type")
    return wanted in (None, given) or (given, wanted) == ("integer", "number")


def _limits_fit(one: Schema, other: Schema) -> bool:
    for keys, sign in ((_LOWS, 1), (_HIGHS, -1)):
        for key in keys:
            limit, own = other.get(key), one.get(key)
            if limit is not None and (own is None or sign * own < sign * limit):
                return False
    return all(
        other.get(key) is None or json.dumps(other[key]) == json.dumps(one.get(key))
        for key in _EXACT
    )


def _is_file(node: Typed) -> bool:
    return means_file(kinds_of(node.schema, node.root))


def _null(node: Typed) -> bool:
    return "null" in kinds_of(node.schema, node.root)
