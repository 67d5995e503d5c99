"""Whether a JSON value is what a generated type takes, as strictly as type checkers see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from spacecall._core.json_values import is_array, is_object
from spacecall.codegen._python.python_expressions import Alias, Atom, Expr, Union, value

__all__ = ["Models", "fits"]

Models: TypeAlias = Mapping[str, Mapping[str, tuple[Expr, bool]]]
"""Of each class its members by wire name: the type, and whether it is required."""

_SCALARS = {"None": type(None), "bool": bool, "int": int, "str": str}


def fits(kind: Expr, data: Any, models: Models) -> bool:
    """Whether `data` is a value of the type. A file is none: nothing in JSON stands for it."""
    if isinstance(kind, Union):
        return any(fits(one, data, models) for one in kind.operands)
    if isinstance(kind, Alias):
        return fits(kind.target, data, models)
    if isinstance(kind, Atom):
        return _fits_name(kind.text, data, models)
    inside = [item for _, item in kind.items]
    match kind.opening:
        case "Annotated[" | "AppChoice[":
            return fits(inside[0], data, models)
        case "Literal[":
            return not is_object(data) and not is_array(data) and value(data) in inside
        case "list[":
            return is_array(data) and all(fits(inside[0], one, models) for one in data)
        case "tuple[":
            return (
                is_array(data)
                and len(data) == len(inside)
                and all(fits(one, item, models) for one, item in zip(inside, data, strict=True))
            )
        case "dict[":
            return is_object(data) and all(fits(inside[1], one, models) for one in data.values())
        case _:
            return False


def _fits_name(name: str, data: Any, models: Models) -> bool:
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
            fits(kind, data[key], models) if key in data else not required
            for key, (kind, required) in members.items()
        )
    )
