"""Add the limits and choices in a component's properties to its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall._core.app_components import Component
from spacecall._core.component_outputs import holds_any_json
from spacecall._core.gradio_schema import nullable
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list
from spacecall._core.schema_check import Budget, find_problems
from spacecall._core.schema_nodes import is_number
from spacecall._core.value_excerpts import short_repr
from spacecall.endpoints import NO_DEFAULT

__all__ = [
    "changed_input",
    "closed_choices",
    "constrain_input",
    "describe_component",
    "describe_input",
    "refuses_all_choices",
]

# Components that the page may show empty: they then send null, and the server accepts it.
_NULLABLE = frozenset(
    {"annotatedimage", "audio", "colorpicker", "datetime", "downloadbutton", "dropdown", "file"}
    | {"fileexplorer", "gallery", "highlightedtext", "image", "imageeditor", "imageslider"}
    | {"label", "model3d", "number", "plot", "radio", "uploadbutton", "video"}
)
_CHOICES = frozenset({"checkboxgroup", "dropdown", "radio"})
_RANGES = frozenset({"number", "slider"})
_STEPS = 128
"""The budget of the check whether null fits, made for each input when an app is opened."""
_MAX_INFO = 2000
"""Characters of a help text: a component can be an input of many functions."""


def constrain_input(
    schema: Mapping[str, Any], component: Component, default: Any
) -> dict[str, Any]:
    """Return the schema of an input, with the component's limits and choices.

    Args:
        schema: the normalized schema.
        component: the component of the input.
        default: the default of the input, or `NO_DEFAULT`.
    """
    constrained = {} if holds_any_json(component) else dict(schema)
    if component.type in _CHOICES:
        constrained = _with_choices(constrained, component)
    if component.type in _RANGES:
        low, high = _range(component)
        constrained.update({} if low is None else {"minimum": low})
        constrained.update({} if high is None else {"maximum": high})
    starts_empty = default is NO_DEFAULT and component.type in _NULLABLE
    empty = default is None or (starts_empty and component.props.get("multiselect") is not True)
    return (
        nullable(constrained) if empty and not _allows_null(constrained, component) else constrained
    )


def changed_input(component: Component) -> dict[str, Any] | None:
    """Return the schema of an input whose component has got other properties.

    None for a component whose inputs do not depend on the properties that may change.
    """
    if component.type in _RANGES:
        limits = zip(("minimum", "maximum"), _range(component), strict=True)
        return {"type": "number"} | {key: limit for key, limit in limits if limit is not None}
    if component.type not in _CHOICES:
        return None
    choices = closed_choices(component)
    schema = {"enum": choices} if choices else {}
    is_list = component.type == "checkboxgroup" or component.props.get("multiselect") is True
    return {"type": "array", "items": schema} if is_list else schema


def closed_choices(component: Component) -> list[Any]:
    """Return the only values that a component accepts; empty if it accepts others."""
    is_open = component.type not in _CHOICES or component.props.get("allow_custom_value") is True
    return [] if is_open else component.choices


def refuses_all_choices(component: Component) -> bool:
    """Return whether a component has no choices until a function of the app sets them."""
    is_closed = component.type in _CHOICES and component.props.get("allow_custom_value") is not True
    return is_closed and component.props.get("choices") == []


def describe_input(schema: Mapping[str, Any], component: Component) -> str:
    """Return the help text of an input, its range, choices and format; empty if it has none."""
    parts = [describe_component(component).rstrip(".")]
    if component.type in _RANGES:
        parts.append(_range_text(component))
    if component.type in _CHOICES and component.props.get("allow_custom_value") is True:
        choices = ", ".join(short_repr(choice, 200) for choice in component.choices[:20])
        parts.append(f"{choices} or any other text" if choices else "")
    if component.props.get("file_count") in ("multiple", "directory"):
        parts.append("any number of files")
    if kinds := as_str_list(as_list(component.props.get("file_types"))[:100]):
        parts.append(f"file types: {', '.join(kind[:100] for kind in kinds)}")
    if component.type not in _CHOICES and schema.get("type") == "string":
        parts.append(as_str(schema.get("description")).strip())
    return "; ".join(part for part in parts if part)


def describe_component(component: Component) -> str:
    """Return the help text of a component, cut after 2,000 characters."""
    cut = component.info[:_MAX_INFO].strip()
    return cut if len(component.info) <= _MAX_INFO else f"{cut}…"


def _allows_null(schema: Mapping[str, Any], component: Component) -> bool:
    """Return whether null fits, as far as a small budget can tell."""
    if schema.get("enum") is component.choices:  # checked once for all inputs that share the list
        return component.has_null_choice
    return not find_problems(schema, None, budget=Budget(None, _STEPS))


def _with_choices(schema: dict[str, Any], component: Component) -> dict[str, Any]:
    inner = dict(as_dict(schema.get("items"))) if schema.get("type") == "array" else schema
    if component.props.get("allow_custom_value") is True:
        inner = {key: value for key, value in inner.items() if key != "enum"}
    elif "enum" not in inner and component.choices:
        inner = {"enum": component.choices}
    return {**schema, "items": inner} if schema.get("type") == "array" else inner


def _range(component: Component) -> tuple[float | None, float | None]:
    low, high = (_number(component.props.get(name)) for name in ("minimum", "maximum"))
    contradictory = low is not None and high is not None and low > high
    return (None, None) if contradictory else (low, high)


def _range_text(component: Component) -> str:
    low, high = _range(component)
    step = _number(component.props.get("step"))
    steps = f" in steps of {step}" if step is not None and step > 0 and step != 1 else ""
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return (f"at most {high}" if low is None else f"at least {low}") + steps
    return f"from {low} to {high}{steps}"


def _number(value: object) -> float | None:
    return value if is_number(value) else None
