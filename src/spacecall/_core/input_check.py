"""Which inputs a component takes, beyond its schema in /info.

Measured on 3.50 to 6.31, with functions that take whatever comes: null is handed on as None by all
components but two, a Textbox makes a text of anything, and the precision of a Number rounds. What a
component hands on as it is, such as a text for a Number, is what its schema says.
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
    {"annotatedimage", "audio", "barplot", "browserstate", "chatbot", "checkbox", "checkboxgroup"}
    | {"code", "datetime", "downloadbutton", "dropdown", "file", "fileexplorer", "gallery"}
    | {"highlightedtext", "html", "image", "imageeditor", "imageslider", "json", "label"}
    | {"lineplot", "markdown", "model3d", "multimodaltextbox", "number", "paramviewer", "plot"}
    | {"radio", "scatterplot", "simpleimage", "slider", "timer", "uploadbutton", "video"}
)
"""Components that some generation hands null on for, as None or as an empty value of theirs.

Of Gradio's own these are all but Dataframe and Dialogue; the latest refuse it of a Slider and of a
CheckboxGroup too."""


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
