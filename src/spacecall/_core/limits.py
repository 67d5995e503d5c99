"""What a component's properties say about its values, beyond its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall._core.config import Component
from spacecall._core.dialect import nullable
from spacecall._core.loose import is_array, items, mapping, strings, text
from spacecall._core.schema_check import problems
from spacecall.endpoints import NO_DEFAULT

__all__ = ["describe", "narrow", "widen"]

# Components that the page may show empty, that send null then, and whose server side takes it.
_EMPTY = frozenset(
    {"annotatedimage", "audio", "colorpicker", "datetime", "downloadbutton", "dropdown", "file"}
    | {"fileexplorer", "gallery", "highlightedtext", "image", "imageeditor", "imageslider"}
    | {"label", "model3d", "number", "plot", "radio", "uploadbutton", "video"}
)
_CHOICES = frozenset({"checkboxgroup", "dropdown", "radio"})
_RANGES = frozenset({"number", "slider"})


def narrow(schema: Mapping[str, Any], component: Component, default: Any) -> dict[str, Any]:
    """The schema of an input, with the component's limits and choices.

    Args:
        schema: its cleaned schema.
        component: of the input.
        default: of the input, or `NO_DEFAULT`.
    """
    narrowed = widen(schema, component)
    if component.type in _CHOICES:
        narrowed = _with_choices(narrowed, component)
    if component.type in _RANGES:
        low, high = _range(component)
        narrowed.update({} if low is None else {"minimum": low})
        narrowed.update({} if high is None else {"maximum": high})
    starts_empty = default is NO_DEFAULT and component.type in _EMPTY
    empty = default is None or (starts_empty and component.props.get("multiselect") is not True)
    return nullable(narrowed) if empty and problems(narrowed, None) else narrowed


def widen(schema: Mapping[str, Any], component: Component) -> dict[str, Any]:
    """The schema of a value, without what the component itself disproves."""
    value = component.props.get("value")
    if component.type == "html" and value is not None and not isinstance(value, str):
        return {}
    return dict(schema)


def describe(schema: Mapping[str, Any], component: Component) -> str:
    """The app's remark on an input, then its range, its choices, its format; empty if nothing."""
    parts = [text(component.props.get("info")).strip().rstrip(".")]
    if component.type in _RANGES:
        parts.append(_range_text(component))
    if component.type in _CHOICES and component.props.get("allow_custom_value") is True:
        known = ", ".join(repr(choice) for choice in _choices(component)[:20])
        parts.append(f"{known} or any other text" if known else "")
    if component.props.get("file_count") in ("multiple", "directory"):
        parts.append("any number of files")
    if kinds := strings(component.props.get("file_types")):
        parts.append(f"file types: {', '.join(kinds)}")
    if component.type not in _CHOICES and schema.get("type") == "string":
        parts.append(text(schema.get("description")).strip())
    return "; ".join(part for part in parts if part)


def _with_choices(schema: dict[str, Any], component: Component) -> dict[str, Any]:
    inner = dict(mapping(schema.get("items"))) if schema.get("type") == "array" else schema
    if component.props.get("allow_custom_value") is True:
        inner = {key: value for key, value in inner.items() if key != "enum"}
    elif "enum" not in inner and (choices := _choices(component)):
        inner = {"enum": choices}
    return {**schema, "items": inner} if schema.get("type") == "array" else inner


def _choices(component: Component) -> list[Any]:
    """The values of the choices, which come as `[label, value]` since 3.40 or so."""
    choices = items(component.props.get("choices"))
    return [choice[1] if is_array(choice) and len(choice) == 2 else choice for choice in choices]


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
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
