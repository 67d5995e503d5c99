"""Which inputs a component takes, beyond its schema in /info.

Measured on 3.50 to 6.31: most components take null (`scripts/components`), a Textbox makes a text
of anything, and the precision of a Number rounds. What a component hands on as it is, such as a
text for a Number, has to fit its schema.
"""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.component_values import ACCEPTS_NONE
from spacecall._core.json_values import as_dict, as_list
from spacecall._core.schema_check import find_problems
from spacecall._core.schema_nodes import Schema, alternatives

__all__ = ["find_refusals"]

_MAKES_TEXT: Final = frozenset({"colorpicker", "textbox"})
"""Components that make a text of whatever comes."""


def find_refusals(schema: Schema, kind: str, value: Any) -> list[str]:
    """Why no generation of Gradio takes `value`, one line for each reason; nothing if one does.

    Args:
        schema: of the input, with the component's limits and choices.
        kind: of the component, in lower case.
        value: the argument, its files made `File`.
    """
    if kind in _MAKES_TEXT or (value is None and kind in ACCEPTS_NONE):
        return []
    if kind == "number":  # whose precision rounds what comes
        return find_problems(_fractional(schema), value)
    if kind == "dropdown" and not _has_choices(schema):  # one that takes other values than these
        return find_problems(_any_scalar(schema), value)
    return find_problems(schema, value)


def _fractional(schema: Schema) -> Schema:
    """The schema with numbers in place of integers."""
    node = dict(schema)
    if node.get("type") == "integer":
        node["type"] = "number"
    if parts := as_list(node.get("anyOf")):
        node["anyOf"] = [_fractional(as_dict(part)) for part in parts]
    return node


def _any_scalar(schema: Schema) -> Schema:
    """The schema with numbers and truths in place of texts alone."""
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
