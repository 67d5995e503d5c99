"""Check inputs as components do: they accept more than their schema in /info.

Measured on 3.50 to 6.31: most components accept null (`scripts/components`), a Textbox converts any
value to a string, and the precision of a Number rounds. A value that a component passes on
unchanged, such as a string for a Number, must fit its schema.
"""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list
from spacecall._core.null_values import ACCEPTS_NONE
from spacecall._core.schema_check import find_problems
from spacecall._core.schema_nodes import Schema, alternatives

__all__ = ["CONVERTS_TO_TEXT", "ROUNDS", "find_refusals"]

CONVERTS_TO_TEXT: Final = frozenset({"colorpicker", "textbox"})
"""Components that convert any value to a string."""

ROUNDS: Final = frozenset({"number", "slider"})
"""Components that accept fractions and round them, also where their schema has integers."""


def find_refusals(schema: Schema, kind: str, value: Any) -> list[str]:
    """Return the reasons why no version of Gradio accepts `value`, one line each.

    Args:
        schema: the schema of the input, with the component's limits and choices.
        kind: the kind of the component, in lower case.
        value: the argument, its files converted to `File`.
    """
    if kind in CONVERTS_TO_TEXT or (value is None and kind in ACCEPTS_NONE):
        return []
    if kind in ROUNDS:
        return find_problems(_fractional(schema), value)
    if kind == "dropdown" and not _has_choices(schema):  # it accepts any value
        return find_problems(_any_scalar(schema), value)
    return find_problems(schema, value)


def _fractional(schema: Schema) -> Schema:
    """Return the schema with numbers instead of integers."""
    node = dict(schema)
    if node.get("type") == "integer":
        node["type"] = "number"
    if parts := as_list(node.get("anyOf")):
        node["anyOf"] = [_fractional(as_dict(part)) for part in parts]
    return node


def _any_scalar(schema: Schema) -> Schema:
    """Return the schema with numbers and booleans besides strings."""
    node = dict(schema)
    if node.get("type") == "string":
        node["type"] = ["string", "number", "boolean"]
    if "items" in node:
        node["items"] = _any_scalar(as_dict(node["items"]))
    if parts := as_list(node.get("anyOf")):
        node["anyOf"] = [_any_scalar(as_dict(part)) for part in parts]
    return node


def _has_choices(schema: Schema) -> bool:
    nodes = list(alternatives(schema, schema))
    nodes += [node for part in nodes for node in alternatives(as_dict(part.get("items")), schema)]
    return any(node.keys() & {"enum", "const"} for node in nodes)
