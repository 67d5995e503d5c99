"""Where the `$ref` of a correction leads: whether a client has a type for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._core.schema_nodes import branches
from spacecall._suggestions import did_you_mean
from spacecall.codegen._schemas.schema_documents import endpoint_name
from spacecall.codegen._schemas.schema_keywords import restricting_keywords

__all__ = ["TYPE_PREFIX", "joins_references", "reference_problem"]

TYPE_PREFIX: Final = "#/$defs/"
"""What a `$ref` begins with; the name of a type follows."""

_MAX_DEPTH: Final = 8
"""The most types and branches in a row that a `$ref` leads through; generated code has any JSON
where it would have to go much deeper."""

_TYPE_KEYWORDS: Final = ("type", "enum", "const", "properties", "anyOf", "oneOf")
_UNTYPED: Final = (
    "leads to a schema without a type: write a type, enum or const in it and in each schema of its "
    "anyOf or oneOf, and one schema in place of several in allOf"
)


def reference_problem(reference: str, types: Mapping[str, Any]) -> str:
    """Return why a reference gives no type, and what to write; empty if it gives one.

    A type that accepts any JSON, such as `{}`, is one.

    Args:
        reference: the value of a `$ref`.
        types: the document's `$defs`.
    """
    return next(_Search(types).find_problems(reference), "")


def joins_references(schema: Mapping[str, Any]) -> bool:
    """Check whether a schema is an `allOf` of several with a `$ref`, and has no type of its own."""
    parts = as_list(schema.get("allOf"))
    typed = any(key in schema for key in _TYPE_KEYWORDS)
    return not typed and len(parts) > 1 and any("$ref" in as_dict(part) for part in parts)


@dataclass(slots=True)
class _Search:
    """The types and branches (None) on the way to a schema, and the types that are right."""

    types: Mapping[str, Any]
    open: list[str | None] = field(default_factory=list[str | None])
    checked: set[str] = field(default_factory=set[str])

    def find_problems(self, reference: str) -> Iterator[str]:
        name = reference.removeprefix(TYPE_PREFIX)
        if name == reference or name not in self.types:
            known = [key for key, schema in self.types.items() if not endpoint_name(schema)]
            yield f"names no type; {did_you_mean(name, known, f'write {TYPE_PREFIX}NAME, a type')}"
        elif endpoint_name(self.types[name]):
            yield (
                "names what an endpoint takes or gives, which is no type; write the object at a "
                "pointer of its own, /$defs/NAME, and refer to that"
            )
        elif name in self.open:
            yield "refers to itself: write the schema of the type"
        elif name not in self.checked:
            target = as_dict(self.types[name])
            if not as_dict(target.get("properties")):  # those become classes
                yield from self._find_in_schema(target, name)
            self.checked.add(name)

    def _find_in_schema(self, schema: Mapping[str, Any], name: str | None) -> Iterator[str]:
        """Yield the problems of a type or a branch, as `_find_in_keywords`."""
        if len(self.open) == _MAX_DEPTH:
            yield "leads through too many types: refer to the last of them"
            return
        self.open.append(name)
        yield from self._find_in_keywords(schema)
        self.open.pop()

    def _find_in_keywords(self, schema: Mapping[str, Any]) -> Iterator[str]:
        """Yield the problems of a schema, in the order in which generated code reads it."""
        if "$ref" in schema:
            yield from self.find_problems(as_str(schema["$ref"]))
            return
        if "const" in schema or schema.get("enum"):
            return
        joined, parts = as_list(schema.get("allOf")), branches(schema)
        typed = bool(schema.get("type"))
        if not parts and (len(joined) == 1 or not typed):
            parts = joined
        for part in parts:
            yield from self._find_in_schema(as_dict(part), None)
        untyped = not typed and bool(restricting_keywords(schema))
        if (parts is joined and len(joined) > 1) or (untyped and not parts):
            yield _UNTYPED
