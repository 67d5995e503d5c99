"""Which inputs a component takes: /info says less than what Gradio's components do.

Measured on 3.50 to 6.31, with functions that take whatever comes. What at least one generation
makes a value of the component of, or hands on as None, is not refused here.
"""

from __future__ import annotations

from typing import Any, Final

from spacecall._core.loose import items, mapping
from spacecall._core.schema_check import problems
from spacecall._core.schema_nodes import Schema, alternatives, is_number

__all__ = ["refusals"]

_MAKES_TEXT: Final = frozenset({"colorpicker", "textbox"})
"""Components that make a text of whatever comes."""
_TAKES_NULL: Final = frozenset(
    {"chatbot", "checkbox", "checkboxgroup", "code", "dropdown", "gallery", "html", "label"}
    | {"markdown", "multimodaltextbox", "number", "radio", "slider", "textbox", "timer"}
)
"""Components that hand null on as None, or as an empty value of theirs."""


def refusals(schema: Schema, kind: str, value: Any) -> list[str]:
    """Why no generation of Gradio takes `value`, one line for each reason; nothing if one does.

    Args:
        schema: of the input, with the component's limits and choices.
        kind: of the component, in lower case.
        value: the argument, its files made `File`.
    """
    if kind in _MAKES_TEXT or (value is None and kind in _TAKES_NULL):
        return []
    if kind == "number":  # whose precision rounds what comes
        return problems(_fractional(schema), value)
    if kind == "dropdown" and is_number(value) and not _has_choices(schema):
        return []
    return problems(schema, value)


def _fractional(schema: Schema) -> Schema:
    """The schema with numbers in place of integers."""
    node = dict(schema)
    if node.get("type") == "integer":
        node["type"] = "number"
    if parts := items(node.get("anyOf")):
        node["anyOf"] = [_fractional(mapping(part)) for part in parts]
    return node


def _has_choices(schema: Schema) -> bool:
    return any(node.keys() & {"enum", "const"} for node in alternatives(schema, schema))
