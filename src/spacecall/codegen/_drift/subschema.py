"""Check whether every value of one JSON Schema is a value of another one.

The check compares the structure of both: False also means that the structure does not show it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._core.schema_check import Budget, TooMuchWorkError, find_problems
from spacecall._core.schema_nodes import (
    Schema,
    branches,
    is_file_kind,
    item_schema,
    kinds_of,
    resolve,
)
from spacecall.codegen._schemas.schema_documents import EXTENSION

__all__ = ["SchemaNode", "is_equivalent", "is_subschema"]

_ANNOTATIONS = frozenset({"title", "description", "default", "examples", EXTENSION})
_LOWS = ("minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties")
_HIGHS = ("maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "const")
_MAX_DEPTH = 64
_MAX_STEPS = 5_000
"""Pairs of nodes that are compared before the answer is False."""


@dataclass(frozen=True, slots=True)
class SchemaNode:
    """A schema, and the document in which its references are resolved."""

    schema: Schema
    root: Schema

    def with_schema(self, schema: Any) -> SchemaNode:
        """Return another schema of the same document."""
        return SchemaNode(as_dict(schema), self.root)

    def resolved(self) -> SchemaNode:
        """Resolve the reference, and drop titles, descriptions, defaults and examples."""
        node = resolve(self.schema, self.root)
        return self.with_schema(
            {keyword: part for keyword, part in node.items() if keyword not in _ANNOTATIONS}
        )


def is_equivalent(first: SchemaNode, second: SchemaNode) -> bool:
    """Check whether both schemas accept the same values."""
    return is_subschema(first, second, allow_extra=False) and is_subschema(
        second, first, allow_extra=False
    )


def is_subschema(narrow: SchemaNode, wide: SchemaNode, *, allow_extra: bool) -> bool:
    """Check whether every value of `narrow` is a value of `wide`, as far as the structure shows.

    Args:
        narrow: the schema of the values.
        wide: the schema that they must satisfy.
        allow_extra: whether objects may have members that `wide` does not name: readers of a value
            ignore them, but a value that is sent would lose them.
    """
    try:
        return _Comparison(allow_extra, set(), Budget(None, _MAX_STEPS)).check(narrow, wide, 0)
    except (TooMuchWorkError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A comparison of two schemas, with the pairs of references that are assumed to fit."""

    allow_extra: bool
    assumed: set[tuple[str, str]]
    budget: Budget

    def check(self, narrow: SchemaNode, wide: SchemaNode, depth: int) -> bool:
        self.budget.spend(1 + len(self.assumed) // 8)
        references = (as_str(narrow.schema.get("$ref")), as_str(wide.schema.get("$ref")))
        if all(references):
            # a recursive type fits unless another part of it does not
            if references in self.assumed:
                return True
            self.assumed.add(references)
        narrow_node, wide_node = narrow.resolved(), wide.resolved()
        if not wide_node.schema or narrow_node.schema.get("not") == {}:
            return True
        if depth > _MAX_DEPTH or not narrow_node.schema:
            return depth > _MAX_DEPTH
        if is_file_kind(kinds_of(narrow_node.schema, narrow_node.root)) and _is_file(wide_node):
            return _allows_null(wide_node) or not _allows_null(narrow_node)
        if len(parts := list(self._alternatives(narrow_node))) > 1:
            return all(self.check(part, wide_node, depth + 1) for part in parts)
        if len(options := list(self._alternatives(wide_node))) > 1:
            return any(self.attempt(narrow_node, option, depth + 1) for option in options)
        return self._plain(parts[0].resolved(), options[0].resolved(), depth)

    def attempt(self, narrow: SchemaNode, wide: SchemaNode, depth: int) -> bool:
        """Run `check`, and discard its assumptions if it fails."""
        trial = _Comparison(self.allow_extra, set(self.assumed), self.budget)
        result = trial.check(narrow, wide, depth)
        self.assumed.update(trial.assumed if result else ())
        return result

    def _plain(self, narrow: SchemaNode, wide: SchemaNode, depth: int) -> bool:
        if depth > _MAX_DEPTH:
            return True
        if parts := as_list(narrow.schema.get("allOf")):
            return any(self.attempt(narrow.with_schema(part), wide, depth + 1) for part in parts)
        if parts := as_list(wide.schema.get("allOf")):
            return all(self.check(narrow, wide.with_schema(part), depth + 1) for part in parts)
        values = _listed_values(narrow.schema)
        if values is not None:
            list_schema = {"type": "array", "items": wide.schema}
            return not find_problems(list_schema, values, root=wide.root)
        if _listed_values(wide.schema) is not None or not _kind_fits(narrow.schema, wide.schema):
            return False
        if not _limits_fit(narrow.schema, wide.schema):
            return False
        return self._items(narrow, wide, depth) and self._members(narrow, wide, depth)

    def _items(self, narrow: SchemaNode, wide: SchemaNode, depth: int) -> bool:
        if wide.schema.get("type") != "array":
            return True
        count = max(len(as_list(side.schema.get("prefixItems"))) for side in (narrow, wide))
        # one item after those of `prefixItems` stands for all further items
        return all(
            self.check(
                narrow.with_schema(item_schema(narrow.schema, index)),
                wide.with_schema(item_schema(wide.schema, index)),
                depth + 1,
            )
            for index in range(count + 1)
        )

    def _members(self, narrow: SchemaNode, wide: SchemaNode, depth: int) -> bool:
        if wide.schema.get("type") != "object":
            return True
        if set(as_str_list(wide.schema.get("required"))) - set(
            as_str_list(narrow.schema.get("required"))
        ):
            return False
        narrow_members, wide_members = (
            as_dict(side.schema.get("properties")) for side in (narrow, wide)
        )
        narrow_extra, wide_extra = (
            side.schema.get("additionalProperties") for side in (narrow, wide)
        )
        unnamed = narrow_members.keys() - wide_members.keys()
        if unnamed and ((wide_members and not self.allow_extra) or wide_extra is False):
            return False
        pairs = [
            (member, wide_members[key])
            for key, member in narrow_members.items()
            if key in wide_members
        ]
        if wide_members and not narrow_members and narrow_extra is not False:
            # the object may have any member, also those that `wide` names
            pairs += [(narrow_extra, member) for member in wide_members.values()]
        if is_object(wide_extra) and narrow_extra is not False:
            pairs.append((narrow_extra, wide_extra))
        return all(
            self.check(narrow.with_schema(narrow_member), wide.with_schema(wide_member), depth + 1)
            for narrow_member, wide_member in pairs
        )

    def _alternatives(self, node: SchemaNode) -> Iterable[SchemaNode]:
        """List the branches of a union, also of one that is written as a list of types."""
        self.budget.spend()
        kinds = node.schema.get("type")
        if is_array(kinds):
            for kind in as_str_list(kinds):
                yield node.with_schema({**node.schema, "type": kind})
            return
        union = branches(node.schema)
        if not union:
            yield node
        for branch in union:
            yield from self._alternatives(node.with_schema(branch).resolved())


def _listed_values(schema: Schema) -> list[Any] | None:
    """Return the values that a schema lists, or None."""
    if "const" in schema:
        return [schema["const"]]
    return as_list(schema["enum"]) if "enum" in schema else None


def _kind_fits(narrow: Schema, wide: Schema) -> bool:
    wide_kind = wide.get("type")
    narrow_kind = narrow.get("type")
    return wide_kind in (None, narrow_kind) or (narrow_kind, wide_kind) == ("integer", "number")


def _limits_fit(narrow: Schema, wide: Schema) -> bool:
    for keys, sign in ((_LOWS, 1), (_HIGHS, -1)):
        for key in keys:
            wide_limit, narrow_limit = wide.get(key), narrow.get(key)
            if wide_limit is not None and (
                narrow_limit is None or sign * narrow_limit < sign * wide_limit
            ):
                return False
    return all(
        wide.get(key) is None or json.dumps(wide[key]) == json.dumps(narrow.get(key))
        for key in _EXACT
    )


def _is_file(node: SchemaNode) -> bool:
    return is_file_kind(kinds_of(node.schema, node.root))


def _allows_null(node: SchemaNode) -> bool:
    return "null" in kinds_of(node.schema, node.root)
