"""What datamodel-code-generator gets to see of a schema: its shape, and nothing that an app wrote.

Models are numbered, and what is spelled out here (choices, ranges, files, numbers) is a slot: a
choice of one number, which stands for a type until the generator's output is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_object
from spacecall._core.schema_check import Budget, TooMuchWorkError
from spacecall._core.schema_nodes import branches, is_number, kinds_of
from spacecall.codegen._python.choice_types import choice_type
from spacecall.codegen._python.python_expressions import Expr, call, name, of, value

__all__ = ["View"]

_DEEPEST = 40
_LONGEST_TUPLE = 32
"""Places that have a type each; more are a list."""
_STEPS = 5_000
"""Shapes for one value; what lies beyond is any JSON."""
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}


@dataclass(slots=True)
class View:
    """Shapes of schemas.

    Attributes:
        definitions: the app's object types, by their names in `$defs`.
        numbers: how the view calls those that become classes.
        choices: the names of long lists of choices, by the list.
        slots: the types that the slots stand for.
    """

    definitions: Mapping[str, Mapping[str, Any]]
    numbers: Mapping[str, str]
    choices: Mapping[Expr, str] = field(default_factory=dict[Expr, str])
    slots: list[Expr] = field(default_factory=list[Expr])
    _places: dict[Expr, int] = field(default_factory=dict[Expr, int], repr=False)
    _texts: set[str] = field(default_factory=set[str], repr=False)
    _budget: Budget = field(default_factory=lambda: Budget(None, _STEPS), repr=False)

    def shape(self, schema: Mapping[str, Any], number: Expr, *, depth: int = 0) -> dict[str, Any]:
        """The view of a schema.

        Args:
            schema: references in it are to the definitions.
            number: the type where the schema says number.
            depth: of the schema in another one.
        """
        if depth == 0:
            self._budget = Budget(None, _STEPS)
        try:
            self._budget.spend()
        except TooMuchWorkError:
            return {}
        if depth > _DEEPEST:
            return {}
        if "$ref" in schema:
            return self._reference(as_str(schema["$ref"]), number, depth)
        if kinds_of(schema, {}) == ["file"] and "properties" in schema:
            return self._slot(name("File"))
        choices = [schema["const"]] if "const" in schema else as_list(schema.get("enum"))
        if choices:
            return self._choices(choices)
        if parts := branches(schema):
            return self._union([self.shape(as_dict(one), number, depth=depth + 1) for one in parts])
        if len(parts := as_list(schema.get("allOf"))) == 1:
            return self.shape(as_dict(parts[0]), number, depth=depth + 1)
        kind = schema.get("type")
        kinds = [kind] if isinstance(kind, str) else as_str_list(kind)
        return self._union([self._of_kind(schema, one, number, depth) for one in kinds])

    def _reference(self, target: str, number: Expr, depth: int) -> dict[str, Any]:
        key = target.removeprefix("#/$defs/")
        if key in self.numbers:
            return {"$ref": f"#/$defs/{self.numbers[key]}"}
        return self.shape(as_dict(self.definitions.get(key)), number, depth=depth + 4)

    def _of_kind(
        self, schema: Mapping[str, Any], kind: str, number: Expr, depth: int
    ) -> dict[str, Any]:
        match kind:
            case "integer":
                return self._number(schema, name("int"))
            case "number":
                return self._number(schema, number)
            case "array":
                return self._array(schema, number, depth)
            case "object":
                rest = schema.get("additionalProperties")
                if is_object(rest) and rest:
                    inner = self.shape(rest, number, depth=depth + 1)
                    return {"type": "object", "additionalProperties": inner}
                return {"type": "object", "additionalProperties": True}
            case "string" | "boolean" | "null":
                return {"type": kind}
            case _:
                return {}

    def _array(self, schema: Mapping[str, Any], number: Expr, depth: int) -> dict[str, Any]:
        places = [
            self.shape(as_dict(one), number, depth=depth + 1)
            for one in as_list(schema.get("prefixItems"))
        ]
        rest = schema.get("items")
        length = len(places)
        closed = schema.get("maxItems") == length or rest is False
        fixed_length = closed and schema.get("minItems") == length
        if places and fixed_length and length <= _LONGEST_TUPLE:
            fixed = {"items": False, "minItems": length, "maxItems": length}
            return {"type": "array", "prefixItems": places, **fixed}
        if is_object(rest) or rest is True or not closed:
            places.append(self.shape(as_dict(rest), number, depth=depth + 1))
        return {"type": "array", "items": self._union(places)}

    def _number(self, schema: Mapping[str, Any], kind: Expr) -> dict[str, Any]:
        bounds = {
            keyword: value(schema[key])
            for key, keyword in _BOUNDS.items()
            if is_number(schema.get(key))
        }
        return self._slot(of("Annotated", kind, call("Field", **bounds)) if bounds else kind)

    def _choices(self, choices: list[Any]) -> dict[str, Any]:
        kind = choice_type(choices, self.choices)
        if kind is None:
            return {}
        slot = self._slot(kind)
        if all(isinstance(one, str) for one in choices):
            self._texts.add(_key(slot))
        return slot

    def _union(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Any of the parts; a choice of texts adds nothing to any text."""
        if not parts or {} in parts:
            return {}
        if {"type": "string"} in parts:
            parts = [part for part in parts if _key(part) not in self._texts]
        unique = list({_key(part): part for part in parts}.values())
        return unique[0] if len(unique) == 1 else {"anyOf": unique}

    def _slot(self, expr: Expr) -> dict[str, Any]:
        place = self._places.setdefault(expr, len(self.slots))
        if place == len(self.slots):
            self.slots.append(expr)
        return {"type": "string", "enum": [f"s{place}"]}


def _key(shape: Mapping[str, Any]) -> str:
    return json.dumps(shape, sort_keys=True)
