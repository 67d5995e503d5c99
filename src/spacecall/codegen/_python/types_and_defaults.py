"""Choose types and defaults for the fields of models and the parameters of methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import is_array
from spacecall.codegen._python.module_plan import ABSENT, ValuePlan
from spacecall.codegen._python.python_expressions import (
    Atom,
    Expr,
    Group,
    UnionExpr,
    attribute,
    call,
    literal,
    name_expr,
    subscript,
    substitute,
    union,
)
from spacecall.codegen._python.type_annotations import mentions
from spacecall.codegen._python.value_fits_type import Models, value_fits_type
from spacecall.codegen._schemas.stored_defaults import contains_file

__all__ = [
    "Default",
    "argument_field_type",
    "caller_type",
    "field_type_and_default",
    "object_argument_type",
    "output_type",
    "parameter_default",
    "parameter_type",
    "widen_for_default",
]

_NONE = Atom("None")
_ANY = Atom("Any")
_EXTRA_TYPES = {"dataframe": "TableInput", "datetime": "DateInput"}
"""The types that a call takes for a component beyond its schema; see `arguments_to_json`."""


@dataclass(frozen=True, slots=True)
class Default:
    """The default of a parameter.

    Attributes:
        field: the default of the model's field.
        parameter: the default of the method's parameter.
        constant: the name of the module's constant that holds it; empty if it is written in place.
        constant_type: the constant's type.
        constant_value: the constant's value.
    """

    field: Expr
    parameter: Expr
    constant: str = ""
    constant_type: Expr = _NONE
    constant_value: Expr = _NONE


def widen_for_default(type_: Expr, field: ValuePlan, models: Models) -> Expr:
    """Return a type that also accepts the app's default, which need not fit the app's schema."""
    if (
        field.default is ABSENT
        or contains_file(field.default)
        or value_fits_type(type_, field.default, models)
    ):
        return type_
    match field.default:
        case None:
            return union(type_, _NONE)
        case bool() | str() | int():
            return union(type_, subscript("Literal", literal(field.default)))
        case float():
            return union(type_, name_expr("float"))
        case list():
            return union(type_, subscript("list", name_expr("Any")))
        case _:
            return union(type_, subscript("dict", name_expr("str"), name_expr("Any")))


def field_type_and_default(
    type_: Expr, field: ValuePlan, models: Models
) -> tuple[Expr, Expr | None]:
    """Return the type of a model's field, and its default; None if there is none.

    An optional field whose default cannot be written is an empty list or None until it is set.
    """
    if field.required:
        return type_, None
    if field.default is ABSENT and isinstance(type_, Group) and type_.opening == "list[":
        return type_, literal([])
    if field.default is not ABSENT and _is_literal_default(type_, field.default, models):
        return type_, literal(field.default)
    return union(type_, _NONE), _NONE


def parameter_default(type_: Expr, parameter: ValuePlan, models: Models) -> Default | None:
    """Return the default of an endpoint's parameter; None if the caller must give a value.

    A value is also required if the app's default is a file of the app, which code cannot name.

    Args:
        type_: the type of the model's field.
        parameter: the parameter.
        models: the classes of the module.
    """
    if parameter.app_default:
        return Default(_NONE, name_expr("APP_DEFAULT"))
    if parameter.default is ABSENT or contains_file(parameter.default):
        return None
    default, constant = literal(parameter.default), parameter.constant
    reference = name_expr(constant) if constant else default
    if _is_literal_default(type_, parameter.default, models):
        if is_array(parameter.default):
            return Default(default, literal(tuple(parameter.default)))
        if isinstance(parameter.default, Mapping):
            any_object = subscript("dict", name_expr("str"), name_expr("Any"))
            return Default(reference, reference, constant, any_object, default)
        return Default(default, default)
    validated = _validated_default(type_, parameter.default, models)
    return None if validated is None else Default(reference, reference, constant, type_, validated)


def _validated_default(type_: Expr, default: Any, models: Models) -> Expr | None:
    """Return an expression that converts a default to the type; None if it does not fit."""
    if isinstance(type_, UnionExpr):
        type_ = next(
            (operand for operand in type_.operands if value_fits_type(operand, default, models)),
            type_,
        )
    if not value_fits_type(type_, default, models):
        return None
    if isinstance(type_, Atom) and type_.text in models:
        return call(attribute(type_, "model_validate"), literal(default))
    if isinstance(type_, Group) and type_.opening == "list[":
        expressions = [_validated_default(type_.items[0][1], item, models) for item in default]
        list_items = tuple(("", item) for item in expressions if item is not None)
        return Group("[", list_items, "]", one_item_per_line=True)
    return None if mentions(type_) & models.keys() else literal(default)


def argument_field_type(type_: Expr, parameter: ValuePlan) -> Expr:
    """Return the type of an argument's field; None in it stands for the live app's default."""
    return union(type_, _NONE) if parameter.app_default else type_


def parameter_type(type_: Expr, parameter: ValuePlan) -> Expr:
    """Return the type of a method's parameter whose model has a field of this type."""
    accepted = caller_type(type_)
    if parameter.component in _EXTRA_TYPES and accepted != _ANY:
        operands = accepted.operands if isinstance(accepted, UnionExpr) else (accepted,)
        # None stays last
        none_types = [operand for operand in operands if operand == _NONE]
        value_types = [operand for operand in operands if operand != _NONE]
        accepted = union(*value_types, name_expr(_EXTRA_TYPES[parameter.component]), *none_types)
    return union(accepted, name_expr("AppDefault")) if parameter.app_default else accepted


def caller_type(type_: Expr) -> Expr:
    """Return the type that a method takes if its model has a field of this type."""
    if isinstance(type_, UnionExpr):
        return union(*map(caller_type, type_.operands))
    if not isinstance(type_, Group):
        return substitute(type_, {"File": name_expr("FileInput")})
    inner = [_item_type(item) for _, item in type_.items]
    match type_.opening:
        case "list[":
            return subscript("Sequence", *inner)
        case "tuple[":
            return subscript("tuple", *(caller_type(item) for _, item in type_.items))
        case "dict[":
            return object_argument_type(subscript("Mapping", *inner))
        case _:
            return type_


def object_argument_type(type_: Expr) -> Expr:
    """Return the type inside an object for a method's type: a text there is never a path."""
    return substitute(type_, {"FileInput": name_expr("FileSource")})


def output_type(type_: Expr) -> Expr:
    """Return the type of an output or a model's field: files in it are `File`s.

    A list of any values is searched as a whole, since a table may have a million cells.
    """
    if isinstance(type_, UnionExpr):
        return union(*map(output_type, type_.operands))
    if isinstance(type_, Atom):
        return substitute(type_, {"Any": name_expr("AnyValue")})
    if mentions(type_) <= {"list", "Any"} and "Any" in mentions(type_):
        return subscript("WithFiles", type_)
    inner = tuple((label, output_type(item)) for label, item in type_.items)
    return Group(type_.opening, inner, type_.closing, type_.one_item_per_line)


def _item_type(type_: Expr) -> Expr:
    """Return the type of items that callers pass: as strict as the model, except for files."""
    return caller_type(type_) if "File" in mentions(type_) else type_


def _is_literal_default(type_: Expr, default: object, models: Models) -> bool:
    """Check whether a default can be written as a literal of this type."""
    scalar = default is None or isinstance(default, (str, bool, int, float))
    return scalar or default == [] or not mentions(type_) & {*models, "File"}
