"""Correct the schemas of outputs: components return more than /info says.

Measured by `scripts/components`:

- An empty component returns null, which no schema of /info allows.
- A `File` or an `UploadButton` for one file returns a list if its function returns one.
- An app may change the choices of a component while it runs: the choices in /info are examples.
- `HTML` with a value or a template that is not plain text holds any JSON.
- Gradio 3 returns a video as a pair of the video and its subtitles, and an image of a gallery
  without a caption as a file; its `UploadButton` returns anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from spacecall._core.app_components import Component
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio3_files import FILE_SCHEMA, has_files
from spacecall._core.gradio_schema import nullable
from spacecall._core.json_values import as_dict, as_list
from spacecall._core.null_values import MEASURED, RETURNS_NONE
from spacecall._core.schema_check import Budget, find_problems, is_file

__all__ = ["holds_any_json", "relax_output", "restore_number", "returns_text"]

_FILES: Final = frozenset({"file", "uploadbutton"})
_NUMBERS: Final = frozenset({"number", "slider"})
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,400})?", re.ASCII)
_CHOICES: Final = frozenset({"checkboxgroup", "dropdown", "radio"})
_KINDS: Final = ((bool, "boolean"), (str, "string"), ((int, float), "number"))
_GR_API: Final = "api"
_PLAIN_HTML: Final = (None, "", "${value}")
_STEPS: Final = 128
"""The budget of the check whether null fits, made for each output when an app is opened."""


def restore_number(value: Any, component: Component) -> Any:
    """Return the number of a Number or a Slider: Gradio sends NumPy's integers as strings."""
    if component.type in _NUMBERS and isinstance(value, str) and _NUMBER.fullmatch(value):
        return json.loads(value)
    return value


def returns_text(dependency: Dependency) -> bool:
    """Return whether a function has one output, whose texts need no conversion."""
    if not len(dependency.outputs) == len(dependency.visible_returns) == 1:
        return False
    kind = dependency.outputs[0].type
    return not (kind in _NUMBERS or has_files(kind))


def relax_output(
    schema: Mapping[str, Any], component: Component, major: tuple[int, ...]
) -> dict[str, Any]:
    """Return the schema of an output, extended to every value that its component can return.

    Args:
        schema: the normalized schema.
        component: the component of the output.
        major: Gradio's major version, `(6,)`; empty if unknown.
    """
    kind = component.kind
    if holds_any_json(component) or (kind == "uploadbutton" and major == (3,)):
        return {}
    relaxed = dict(schema)
    if kind in _FILES and is_file(relaxed):
        relaxed = _file_or_files(relaxed)
    elif kind in _CHOICES:
        relaxed = _open_choices(relaxed)
    elif kind == "video" and major == (3,):
        relaxed = {"type": "array", "items": nullable(FILE_SCHEMA)}
    elif kind == "gallery" and major == (3,):
        captioned = as_dict(relaxed.get("items"))
        relaxed["items"] = {"anyOf": [captioned, dict(FILE_SCHEMA)]}
    if not may_return_none(kind, major) or not find_problems(
        relaxed, None, budget=Budget(None, _STEPS)
    ):
        return relaxed
    return nullable(relaxed)


def holds_any_json(component: Component) -> bool:
    """Return whether a component's value can be any JSON, although its schema is a string."""
    value, template = (component.props.get(name) for name in ("value", "html_template"))
    is_text = value is None or isinstance(value, str)
    return component.type == "html" and not (is_text and template in _PLAIN_HTML)


def may_return_none(kind: str, major: tuple[int, ...]) -> bool:
    """Return whether a component may return None.

    A component that was not measured may. A function of `gr.api` has no components: its annotations
    decide.
    """
    if kind == _GR_API:
        return False
    measured = MEASURED.get(kind, ())
    number = min(max(major), max(measured, default=0)) if major else 0
    return number not in measured or number in RETURNS_NONE.get(kind, ())


def _file_or_files(schema: Mapping[str, Any]) -> dict[str, Any]:
    file = dict(schema)
    outer: dict[str, Any] = {}
    for key in ("$defs", "description"):
        if key in file:
            outer[key] = file.pop(key)
    return {"anyOf": [file, {"type": "array", "items": file}], **outer}


def _open_choices(schema: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        return {**schema, "items": _open_choices(as_dict(schema.get("items")))}
    annotations = {key: schema[key] for key in ("title", "description") if key in schema}
    if "enum" not in schema:  # the app fills them in later, and they can be numbers
        return {"type": ["string", "number"], **annotations}
    kinds = [{"type": kind} for kind in dict.fromkeys(map(_kind, as_list(schema["enum"])))]
    return {"anyOf": [{"enum": schema["enum"]}, *kinds], **annotations}


def _kind(choice: object) -> str:
    return next((kind for type_, kind in _KINDS if isinstance(choice, type_)), "null")
