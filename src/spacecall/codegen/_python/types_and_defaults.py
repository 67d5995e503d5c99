"""Defaults of an app as Python: in a model, and in the signature of a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spacecall._core.filedata import is_file_data
from spacecall._core.json_values import is_array, is_object
from spacecall.codegen._python.module_plan import ABSENT, Value
from spacecall.codegen._python.python_expressions import (
    Atom,
    Expr,
    Group,
    Union,
    attribute,
    call,
    name,
    of,
    replace,
    union,
    value,
)
from spacecall.codegen._python.type_annotations import mentions
from spacecall.codegen._python.value_fits_type import Models, fits

__all__ = [
    "Default",
    "argument_field",
    "field_default",
    "for_caller",
    "for_output",
    "holds_file",
    "in_object",
    "parameter_default",
    "parameter_type",
    "widened",
]

_NONE = Atom("None")
_ANY = Atom("Any")
_ALSO_TAKES = {"dataframe": "TableInput", "datetime": "DateInput"}
"""What a call takes for a component that its schema does not have; see `argument_values`."""


@dataclass(frozen=True, slots=True)
class Default:
    """A default of a parameter.

    Attributes:
        field: what the model's field has.
        parameter: what the method's parameter has.
        constant: the name of the module's constant that holds it; empty if it is written in place.
        kind: the constant's type.
        given: the constant's value.
    """

    field: Expr
    parameter: Expr
    constant: str = ""
    kind: Expr = _NONE
    given: Expr = _NONE


def widened(kind: Expr, one: Value, models: Models) -> Expr:
    """A type, wide enough for the app's own default, which need not fit the app's own schema."""
    if one.default is ABSENT or holds_file(one.default) or fits(kind, one.default, models):
        return kind
    match one.default:
        case None:
            return union(kind, _NONE)
        case bool() | str() | int():
            return union(kind, of("Literal", value(one.default)))
        case float():
            return union(kind, name("float"))
        case list():
            return union(kind, of("list", name("Any")))
        case _:
            return union(kind, of("dict", name("str"), name("Any")))


def field_default(kind: Expr, one: Value, models: Models) -> tuple[Expr, Expr | None]:
    """The type of a model's field with its default, None where there is none.

    A field that may be left out, and has no default that can be written, is an empty list or None
    until it is given.
    """
    if one.required:
        return kind, None
    if one.default is ABSENT and isinstance(kind, Group) and kind.opening == "list[":
        return kind, value([])
    if one.default is not ABSENT and _is_plain(kind, one.default, models):
        return kind, value(one.default)
    return union(kind, _NONE), _NONE


def parameter_default(kind: Expr, one: Value, models: Models) -> Default | None:
    """The default of an endpoint's parameter; None where the caller has to give a value.

    That is so too where the app's default is a file of its own, which nothing stands for here.

    Args:
        kind: the type of the model's field.
        one: the parameter.
        models: the classes of the module.
    """
    if one.app_default:
        return Default(_NONE, name("APP_DEFAULT"))
    if one.default is ABSENT or holds_file(one.default):
        return None
    written, constant = value(one.default), one.constant
    kept = name(constant) if constant else written
    if _is_plain(kind, one.default, models):
        if is_array(one.default):
            return Default(written, value(tuple(one.default)))
        if isinstance(one.default, Mapping):
            return Default(kept, kept, constant, of("dict", name("str"), name("Any")), written)
        return Default(written, written)
    made = _validated(kind, one.default, models)
    return None if made is None else Default(kept, kept, constant, kind, made)


def _validated(kind: Expr, default: Any, models: Models) -> Expr | None:
    """An expression that makes what the type wants of a default; None where there is none."""
    if isinstance(kind, Union):
        kind = next((one for one in kind.operands if fits(one, default, models)), kind)
    if not fits(kind, default, models):
        return None
    if isinstance(kind, Atom) and kind.text in models:
        return call(attribute(kind, "model_validate"), value(default))
    if isinstance(kind, Group) and kind.opening == "list[":
        made = [_validated(kind.items[0][1], one, models) for one in default]
        whole = tuple(("", one) for one in made if one is not None)
        return Group("[", whole, "]", display=True)
    return None if mentions(kind) & models.keys() else value(default)


def argument_field(kind: Expr, one: Value) -> Expr:
    """The type of an argument's field; it is None where the live app's default is sent."""
    return union(kind, _NONE) if one.app_default else kind


def parameter_type(kind: Expr, one: Value) -> Expr:
    """The type of a method's parameter whose model has a field of this type."""
    wide = for_caller(kind)
    if one.component in _ALSO_TAKES and wide != _ANY:
        kinds = wide.operands if isinstance(wide, Union) else (wide,)
        nothing = [each for each in kinds if each == _NONE]
        some = [each for each in kinds if each != _NONE]
        wide = union(*some, name(_ALSO_TAKES[one.component]), *nothing)
    return union(wide, name("AppDefault")) if one.app_default else wide


def for_caller(kind: Expr) -> Expr:
    """What a method takes where its model has a field of this type."""
    if isinstance(kind, Union):
        return union(*map(for_caller, kind.operands))
    if not isinstance(kind, Group):
        return replace(kind, {"File": name("FileInput")})
    inner = [_inside(item) for _, item in kind.items]
    match kind.opening:
        case "list[":
            return of("Sequence", *inner)
        case "tuple[":
            return of("tuple", *(for_caller(item) for _, item in kind.items))
        case "dict[":
            return in_object(of("Mapping", *inner))
        case _:
            return kind


def in_object(kind: Expr) -> Expr:
    """What an object takes where a method takes this: a text in it is never opened."""
    return replace(kind, {"FileInput": name("FileSource")})


def for_output(kind: Expr) -> Expr:
    """What the type of an output, or of a model's field, is written as: files in it are `File`s.

    A list of anything is searched as a whole: a table may have a million cells.
    """
    if isinstance(kind, Union):
        return union(*map(for_output, kind.operands))
    if isinstance(kind, Atom):
        return replace(kind, {"Any": name("AnyValue")})
    if mentions(kind) <= {"list", "Any"} and "Any" in mentions(kind):
        return of("WithFiles", kind)
    inner = tuple((label, for_output(item)) for label, item in kind.items)
    return Group(kind.opening, inner, kind.closing, kind.display)


def _inside(kind: Expr) -> Expr:
    """What a list or an object of a caller's may hold: as strict as the model, but for files."""
    return for_caller(kind) if "File" in mentions(kind) else kind


def holds_file(default: object) -> bool:
    """Whether there is a file of the app's in a default."""
    if is_object(default):
        return is_file_data(default) or any(map(holds_file, default.values()))
    return is_array(default) and any(map(holds_file, default))


def _is_plain(kind: Expr, default: object, models: Models) -> bool:
    """Whether a default can be written as it is, where this type is wanted."""
    scalar = default is None or isinstance(default, (str, bool, int, float))
    return scalar or default == [] or not mentions(kind) & {*models, "File"}
