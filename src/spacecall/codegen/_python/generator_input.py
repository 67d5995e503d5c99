"""Prepare schemas for datamodel-code-generator: their structure, without any text of the app.

Object types are numbered. Types that are written here (choices, ranges, files, numbers) are slots:
enums of one value, which are replaced by the type after the generator has run.
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
from spacecall.codegen._python.python_expressions import Expr, call, literal, name_expr, subscript

__all__ = ["GeneratorInput"]

_MAX_DEPTH = 40
_MAX_TUPLE = 32
"""The most items of a tuple; a longer one is a list."""
_MAX_STEPS = 5_000
"""The most schemas that are simplified for one value; anything beyond is any JSON."""
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}


@dataclass(slots=True)
class GeneratorInput:
    """Simplified schemas, and the types that their slots stand for.

    Attributes:
        definitions: the app's object types, by their names in `$defs`.
        class_ids: the numbers of those that become classes, by the same names.
        choices: the aliases of the lists of choices, by the list.
        slots: the types that the slots stand for.
    """

    definitions: Mapping[str, Mapping[str, Any]]
    class_ids: Mapping[str, str]
    choices: Mapping[Expr, str] = field(default_factory=dict[Expr, str])
    slots: list[Expr] = field(default_factory=list[Expr])
    _slot_numbers: dict[Expr, int] = field(default_factory=dict[Expr, int], repr=False)
    _text_slots: set[str] = field(default_factory=set[str], repr=False)
    _budget: Budget = field(default_factory=lambda: Budget(None, _MAX_STEPS), repr=False)

    def simplify(
        self, schema: Mapping[str, Any], number_type: Expr, *, depth: int = 0
    ) -> dict[str, Any]:
        """Simplify a schema.

        Args:
            schema: its references lead to the definitions.
            number_type: the type for `number`.
            depth: the nesting depth of the schema.
        """
        if depth == 0:
            self._budget = Budget(None, _MAX_STEPS)
        try:
            self._budget.spend()
        except TooMuchWorkError:
            return {}
        if depth > _MAX_DEPTH:
            return {}
        if "$ref" in schema:
            return self._reference(as_str(schema["$ref"]), number_type, depth)
        if kinds_of(schema, {}) == ["file"] and "properties" in schema:
            return self._slot(name_expr("File"))
        choices = [schema["const"]] if "const" in schema else as_list(schema.get("enum"))
        if choices:
            return self._choices(choices)
        if parts := branches(schema):
            return self._union(
                [self.simplify(as_dict(part), number_type, depth=depth + 1) for part in parts]
            )
        if len(parts := as_list(schema.get("allOf"))) == 1:
            return self.simplify(as_dict(parts[0]), number_type, depth=depth + 1)
        json_type = schema.get("type")
        json_types = [json_type] if isinstance(json_type, str) else as_str_list(json_type)
        return self._union(
            [self._simplify_type(schema, json_type, number_type, depth) for json_type in json_types]
        )

    def _reference(self, target: str, number_type: Expr, depth: int) -> dict[str, Any]:
        key = target.removeprefix("#/$defs/")
        if key in self.class_ids:
            return {"$ref": f"#/$defs/{self.class_ids[key]}"}
        return self.simplify(as_dict(self.definitions.get(key)), number_type, depth=depth + 4)

    def _simplify_type(
        self, schema: Mapping[str, Any], json_type: str, number_type: Expr, depth: int
    ) -> dict[str, Any]:
        match json_type:
            case "integer":
                return self._number(schema, name_expr("int"))
            case "number":
                return self._number(schema, number_type)
            case "array":
                return self._array(schema, number_type, depth)
            case "object":
                extra_schema = schema.get("additionalProperties")
                if is_object(extra_schema) and extra_schema:
                    inner = self.simplify(extra_schema, number_type, depth=depth + 1)
                    return {"type": "object", "additionalProperties": inner}
                return {"type": "object", "additionalProperties": True}
            case "string" | "boolean" | "null":
                return {"type": json_type}
            case _:
                return {}

    def _array(self, schema: Mapping[str, Any], number_type: Expr, depth: int) -> dict[str, Any]:
        item_schemas = [
            self.simplify(as_dict(item), number_type, depth=depth + 1)
            for item in as_list(schema.get("prefixItems"))
        ]
        extra_schema = schema.get("items")
        length = len(item_schemas)
        closed = schema.get("maxItems") == length or extra_schema is False
        fixed_length = closed and schema.get("minItems") == length
        if item_schemas and fixed_length and length <= _MAX_TUPLE:
            fixed = {"items": False, "minItems": length, "maxItems": length}
            return {"type": "array", "prefixItems": item_schemas, **fixed}
        if is_object(extra_schema) or extra_schema is True or not closed:
            item_schemas.append(self.simplify(as_dict(extra_schema), number_type, depth=depth + 1))
        return {"type": "array", "items": self._union(item_schemas)}

    def _number(self, schema: Mapping[str, Any], type_: Expr) -> dict[str, Any]:
        bounds = {
            keyword: literal(schema[key])
            for key, keyword in _BOUNDS.items()
            if is_number(schema.get(key))
        }
        return self._slot(
            subscript("Annotated", type_, call("Field", **bounds)) if bounds else type_
        )

    def _choices(self, choices: list[Any]) -> dict[str, Any]:
        type_ = choice_type(choices, self.choices)
        if type_ is None:
            return {}
        slot = self._slot(type_)
        if all(isinstance(choice, str) for choice in choices):
            self._text_slots.add(_key(slot))
        return slot

    def _union(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the union of the parts; if any text is allowed, choices of texts are left out."""
        if not parts or {} in parts:
            return {}
        if {"type": "string"} in parts:
            parts = [part for part in parts if _key(part) not in self._text_slots]
        unique = list({_key(part): part for part in parts}.values())
        return unique[0] if len(unique) == 1 else {"anyOf": unique}

    def _slot(self, expr: Expr) -> dict[str, Any]:
        number = self._slot_numbers.setdefault(expr, len(self.slots))
        if number == len(self.slots):
            self.slots.append(expr)
        return {"type": "string", "enum": [f"s{number}"]}


def _key(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True)
