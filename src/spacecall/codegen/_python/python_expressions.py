"""Python expressions, and their source laid out as `ruff format` does it.

A text of an app gets into an expression only as a literal, since `name_expr` accepts identifiers
only. An expression is written on one line if it fits; otherwise it is broken at its brackets, at
the commas inside them, and at `|`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from spacecall.codegen._literals import quote

__all__ = [
    "WIDTH",
    "Alias",
    "Atom",
    "Expr",
    "Group",
    "UnionExpr",
    "attribute",
    "call",
    "format_assignment",
    "format_def",
    "format_filled",
    "format_flat",
    "format_statement",
    "literal",
    "name_expr",
    "parse_annotation",
    "subscript",
    "substitute",
    "union",
]

WIDTH = 100
"""The most characters on a line."""

_STEP = 4


@dataclass(frozen=True, slots=True)
class Atom:
    """A name or a literal."""

    text: str


@dataclass(frozen=True, slots=True)
class Alias(Atom):
    """The name of a type alias that the module defines.

    Attributes:
        target: the type that the name stands for.
    """

    target: Expr = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UnionExpr:
    """`a | b`."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """An expression with brackets: a call, a subscript, a list, a tuple, a dict.

    Attributes:
        opening: the text up to the opening bracket.
        items: the items, each with its label, such as `key=`.
        closing: the closing bracket.
        one_item_per_line: whether each item gets a line if the group is broken: of a list, tuple
            or dict.
    """

    opening: str
    items: tuple[tuple[str, Expr], ...]
    closing: str
    one_item_per_line: bool = False


Expr: TypeAlias = "Atom | UnionExpr | Group"
"""A Python expression."""


def name_expr(identifier: str) -> Expr:
    """Return a name, or a dotted name.

    Raises:
        ValueError: it is not an identifier.
    """
    if not all(part.isidentifier() for part in identifier.split(".")):
        raise ValueError(f"not a Python name: {identifier!r}")
    return Atom(identifier)


def subscript(base: str, *items: Expr) -> Expr:
    """Return `base[item, …]`."""
    return Group(f"{format_flat(name_expr(base))}[", tuple(("", item) for item in items), "]")


def call(function: str | Expr, /, *arguments: Expr, **keywords: Expr) -> Group:
    """Return `function(argument, …, keyword=…)`."""
    keyword_items = tuple(
        (f"{format_flat(name_expr(key))}=", item) for key, item in keywords.items()
    )
    start = format_flat(name_expr(function) if isinstance(function, str) else function)
    return Group(f"{start}(", (*(("", argument) for argument in arguments), *keyword_items), ")")


def attribute(expr: Expr, attribute_: str) -> Expr:
    """Return `expr.attribute`, which stays on one line."""
    return Atom(f"{format_flat(expr)}.{format_flat(name_expr(attribute_))}")


def literal(data: object) -> Expr:
    """Return parsed JSON as an expression; numbers that are not finite become None."""
    if isinstance(data, str):
        return Atom(quote(data))
    if isinstance(data, (tuple, list)):
        items = tuple(("", literal(item)) for item in cast("Sequence[object]", data))
        opening, closing = ("(", ")") if isinstance(data, tuple) else ("[", "]")
        if isinstance(data, tuple) and len(items) == 1:
            return Group("(", items, ",)", one_item_per_line=True)
        return Group(opening, items, closing, one_item_per_line=True)
    if isinstance(data, Mapping):
        pairs = cast("Mapping[object, object]", data).items()
        return Group(
            "{",
            tuple((f"{quote(str(key))}: ", literal(member)) for key, member in pairs),
            "}",
            one_item_per_line=True,
        )
    finite = isinstance(data, (bool, int)) or (isinstance(data, float) and math.isfinite(data))
    return Atom(repr(data).replace("e+", "e") if finite else "None")


def parse_annotation(annotation: ast.expr) -> Expr:
    """Parse a type annotation of generated code.

    Raises:
        TypeError: it consists of more than names, literals, subscripts and unions.
    """
    match annotation:
        case ast.Name(id=name_text):
            return Atom(name_text)
        case ast.Constant(value=data):
            return literal(data)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return union(parse_annotation(left), parse_annotation(right))
        case ast.Subscript(value=ast.Name(id=base), slice=ast.Tuple(elts=items)):
            return subscript(base, *map(parse_annotation, items))
        case ast.Subscript(value=ast.Name(id=base), slice=item):
            return subscript(base, parse_annotation(item))
        case _:
            raise TypeError(f"not an annotation: {ast.unparse(annotation)}")


def union(*operands: Expr) -> Expr:
    """Return `a | b`, without repeated operands."""
    parts: dict[Expr, None] = {}
    for operand in operands:
        parts |= dict.fromkeys(operand.operands if isinstance(operand, UnionExpr) else (operand,))
    return next(iter(parts)) if len(parts) == 1 else UnionExpr(tuple(parts))


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Replace each name or literal that is a key of `replacements`."""
    if isinstance(expr, UnionExpr):
        return union(*(substitute(part, replacements) for part in expr.operands))
    if isinstance(expr, Group):
        inside = tuple((label, substitute(part, replacements)) for label, part in expr.items)
        return Group(expr.opening, inside, expr.closing, expr.one_item_per_line)
    return replacements.get(expr.text, expr)


def format_flat(expr: Expr) -> str:
    """Write the expression on one line."""
    match expr:
        case Atom(text):
            return text
        case UnionExpr(operands):
            return " | ".join(map(format_flat, operands))
        case Group(opening, items, closing):
            return f"{opening}{_format_items(items)}{closing}"


def format_assignment(
    target: str, type_: Expr, value_: Expr | None = None, *, indent: int = 0
) -> list[str]:
    """Write the lines of `target: type = value`, indented by `indent` columns."""
    margin, inner = " " * indent, " " * (indent + _STEP)
    start = f"{margin}{target}: "
    if value_ is None:
        return _format_broken(type_, start, "", indent)
    end = f" = {format_flat(value_)}"
    if len(f"{start}{format_flat(type_)}{end}") <= WIDTH:
        return [f"{start}{format_flat(type_)}{end}"]
    if isinstance(value_, Group) and value_.items:
        *before, last = _format_broken(type_, start, f" = {value_.opening}", indent)
        return [*before, *_format_broken(value_, last.removesuffix(value_.opening), "", indent)]
    if (
        len(f"{start}{format_flat(type_)} = (") <= WIDTH
        and len(f"{inner}{format_flat(value_)}") <= WIDTH
    ):
        return [f"{start}{format_flat(type_)} = (", f"{inner}{format_flat(value_)}", f"{margin})"]
    return _format_broken(type_, start, end, indent)


def format_filled(start: str, expr: Group) -> list[str]:
    """Write `start` and the expression, with as many items on a line as fit.

    `ruff format` would give each item a line.
    """
    if len(f"{start}{format_flat(expr)}") <= WIDTH:
        return [f"{start}{format_flat(expr)}"]
    margin = " " * _STEP
    lines = [margin]
    for label, item in expr.items:
        text = f"{label}{format_flat(item)},"
        if lines[-1] != margin and len(f"{lines[-1]} {text}") > WIDTH:
            lines.append(margin)
        lines[-1] += text if lines[-1] == margin else f" {text}"
    return [f"{start}{expr.opening}", *lines, expr.closing]


def format_def(
    head: str, parameters: Sequence[tuple[str, Expr, Expr | None]], end: str, *, indent: int
) -> list[str]:
    """Write the lines of a method's `def`.

    Args:
        head: `def name`.
        parameters: the keyword-only parameters, each with its annotation and default.
        end: the text after the closing bracket.
        indent: columns before the `def`.
    """
    margin, inner = " " * indent, " " * (indent + _STEP)
    texts = [
        f"{key}: {format_flat(type_)}{'' if default is None else f' = {format_flat(default)}'}"
        for key, type_, default in parameters
    ]
    together = ", ".join(["self", *(["*"] if texts else []), *texts])
    if len(f"{margin}{head}({together}){end}") <= WIDTH:
        return [f"{margin}{head}({together}){end}"]
    if len(f"{inner}{together}") <= WIDTH:
        return [f"{margin}{head}(", f"{inner}{together}", f"{margin}){end}"]
    lines = [f"{margin}{head}(", f"{inner}self,", f"{inner}*,"]
    for key, type_, default in parameters:
        start = f"{inner}{key}: "
        if isinstance(default, Group) and len(f"{start}{format_flat(type_)} = ") < WIDTH // 2:
            lines += _format_broken(default, f"{start}{format_flat(type_)} = ", ",", indent + _STEP)
        else:
            tail = "" if default is None else f" = {format_flat(default)}"
            lines += _format_broken(type_, start, f"{tail},", indent + _STEP, bare=True)
    return [*lines, f"{margin}){end}"]


def format_statement(start: str, expr: Expr, *, indent: int) -> list[str]:
    """Write the lines of `start` and the expression, indented by `indent` columns."""
    return _format_broken(expr, f"{' ' * indent}{start}", "", indent)


def _format_broken(
    expr: Expr, start: str, end: str, indent: int, *, bare: bool = False
) -> list[str]:
    """Write `start`, the expression and `end`; a `bare` union needs no parentheses."""
    if len(f"{start}{format_flat(expr)}{end}") <= WIDTH or isinstance(expr, Atom):
        return [f"{start}{format_flat(expr)}{end}"]
    margin, inner = " " * indent, " " * (indent + _STEP)
    if isinstance(expr, UnionExpr):
        if bare:
            return _format_operands(expr, start, end, indent)
        return [f"{start}(", *_format_operands(expr, inner, "", indent + _STEP), f"{margin}){end}"]
    if not expr.items:
        return [f"{start}{expr.opening}{expr.closing}{end}"]
    together = f"{inner}{_format_items(expr.items)}"
    lines = [together]
    if len(together) > WIDTH or expr.one_item_per_line:
        is_single_subscript = (
            len(expr.items) == 1 and expr.closing == "]" and not expr.one_item_per_line
        )
        comma = "" if is_single_subscript else ","
        lines = [
            line
            for label, item in expr.items
            for line in _format_broken(item, f"{inner}{label}", comma, indent + _STEP, bare=True)
        ]
    return [f"{start}{expr.opening}", *lines, f"{margin}{expr.closing.lstrip(',')}{end}"]


def _format_operands(expr: UnionExpr, start: str, end: str, indent: int) -> list[str]:
    starts = [start, *[f"{' ' * indent}| "] * (len(expr.operands) - 1)]
    ends = [*[""] * (len(expr.operands) - 1), end]
    parts = zip(expr.operands, starts, ends, strict=True)
    return [
        line
        for operand, head, tail in parts
        for line in _format_broken(operand, head, tail, indent)
    ]


def _format_items(items: Sequence[tuple[str, Expr]]) -> str:
    return ", ".join(f"{label}{format_flat(item)}" for label, item in items)
