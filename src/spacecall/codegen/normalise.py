"""What an app's values really look like, where neither /info nor /config says so.

The inputs come right from `read_endpoints`. The outputs need two corrections, seen on real apps:

- a component that shows nothing sends null: an image, a plot, a choice that was not made, the text
  box that an app empties after it took the message;
- an app may change the choices of a component while it runs, so that the ones known at first are
  only examples in an output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall._core.dialect import nullable
from spacecall._core.loose import is_array, is_object, items, mapping
from spacecall.endpoints import Returned

__all__ = ["default_value", "output_schema"]

_EMPTY = frozenset(
    {"annotatedimage", "audio", "colorpicker", "datetime", "downloadbutton", "dropdown", "file"}
    | {"fileexplorer", "gallery", "highlightedtext", "image", "imageeditor", "imageslider"}
    | {"model3d", "multimodaltextbox", "plot", "radio", "simpleimage", "uploadbutton", "video"}
)
_CHOICES = frozenset({"checkboxgroup", "dropdown", "radio"})
_KINDS = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))
_DEEPEST = 64


def output_schema(output: Returned) -> dict[str, Any]:
    """The schema of what an endpoint gives, `$defs` at its root."""
    schema = dict(output.schema)
    if output.component in _CHOICES:
        schema = _open(schema)
    return nullable(schema) if output.component in _EMPTY and schema else schema


def default_value(value: Any, depth: int = 0) -> Any:
    """A default as it is kept: without what only holds for the server it was read from."""
    if depth > _DEEPEST:
        return None
    if is_object(value):
        host = {"url", "size"} if "path" in value and "meta" in value else set[str]()
        kept = {key: one for key, one in value.items() if key not in host}
        return {key: default_value(one, depth + 1) for key, one in kept.items()}
    if is_array(value):
        return [default_value(one, depth + 1) for one in value]
    return value


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        return {**schema, "items": _open(mapping(schema.get("items")))}
    if "enum" not in schema:
        return dict(schema)
    kinds = [{"type": kind} for kind in dict.fromkeys(map(_kind, items(schema["enum"])))]
    remarks = {key: schema[key] for key in ("title", "description") if key in schema}
    return {"anyOf": [{"enum": schema["enum"]}, *kinds], **remarks}


def _kind(choice: object) -> str:
    return next((kind for type_, kind in _KINDS if isinstance(choice, type_)), "null")
