"""Check whether a JSON value has a generated type, as strictly as type checkers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from spacecall._core.json_values import is_array, is_object
from spacecall.codegen._python.python_expressions import Alias, Atom, Expr, UnionExpr, literal

__all__ = ["Models", "value_fits_type"]

Models: TypeAlias = Mapping[str, Mapping[str, tuple[Expr, bool]]]
"""The members of each class by their names in JSON: the type, and whether it is required."""

_SCALARS = {"None": type(None), "bool": bool, "int": int, "str": str}


def value_fits_type(type_: Expr, data: Any, models: Models) -> bool:
    """Check whether `data` is a value of the type. JSON has no value for a file."""
    if isinstance(type_, UnionExpr):
        return any(value_fits_type(operand, data, models) for operand in type_.operands)
    if isinstance(type_, Alias):
        return value_fits_type(type_.target, data, models)
    if isinstance(type_, Atom):
        return _fits_named_type(type_.text, data, models)
    inside = [type_item for _, type_item in type_.items]
    match type_.opening:
        case "Annotated[" | "AppChoice[":
            return value_fits_type(inside[0], data, models)
        case "Literal[":
            return not is_object(data) and not is_array(data) and literal(data) in inside
        case "list[":
            return is_array(data) and all(value_fits_type(inside[0], item, models) for item in data)
        case "tuple[":
            return (
                is_array(data)
                and len(data) == len(inside)
                and all(
                    value_fits_type(item_type, item, models)
                    for item_type, item in zip(inside, data, strict=True)
                )
            )
        case "dict[":
            return is_object(data) and all(
                value_fits_type(inside[1], member, models) for member in data.values()
            )
        case _:
            return False


def _fits_named_type(name: str, data: Any, models: Models) -> bool:
    if name == "Any":
        return True
    if name == "float":
        return isinstance(data, (int, float)) and not isinstance(data, bool)
    if name in _SCALARS:
        return type(data) is _SCALARS[name]
    members = models.get(name)
    return (
        members is not None
        and is_object(data)
        and all(
            value_fits_type(kind, data[key], models) if key in data else not required
            for key, (kind, required) in members.items()
        )
    )
