"""Python expressions as text, laid out the way `ruff format` does.

A text of an app can only get into an expression as a literal: `name` takes identifiers alone. An
expression is written on one line where that fits, else broken at its brackets, inside them at the
commas and at `|`.
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
    "Union",
    "assign",
    "attribute",
    "call",
    "define",
    "fill",
    "flat",
    "name",
    "of",
    "read",
    "replace",
    "statement",
    "union",
    "value",
]

WIDTH = 100
"""The longest line."""

_STEP = 4


@dataclass(frozen=True, slots=True)
class Atom:
    """A name or a literal."""

    text: str


@dataclass(frozen=True, slots=True)
class Alias(Atom):
    """The name of a type that the module defines.

    Attributes:
        target: what the name stands for.
    """

    target: Expr = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Union:
    """`a | b`."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Something with brackets: a call, a subscript, a list, a tuple, a dict.

    Attributes:
        opening: what comes before the items.
        items: each with its label, such as `key=`.
        closing: the bracket after them.
        display: whether it is a list, tuple or dict, which takes a line for each item.
    """

    opening: str
    items: tuple[tuple[str, Expr], ...]
    closing: str
    display: bool = False


Expr: TypeAlias = "Atom | Union | Group"
"""A Python expression."""


def name(identifier: str) -> Expr:
    """A name.

    Raises:
        ValueError: it is no identifier.
    """
    if not all(part.isidentifier() for part in identifier.split(".")):
        raise ValueError(f"not a Python name: {identifier!r}")
    return Atom(identifier)


def of(base: str, *items: Expr) -> Expr:
    """`base[item, …]`."""
    return Group(f"{flat(name(base))}[", tuple(("", item) for item in items), "]")


def call(function: str | Expr, /, *arguments: Expr, **keywords: Expr) -> Expr:
    """`function(argument, …, keyword=…)`."""
    named = tuple((f"{flat(name(key))}=", item) for key, item in keywords.items())
    start = flat(name(function) if isinstance(function, str) else function)
    return Group(f"{start}(", (*(("", one) for one in arguments), *named), ")")


def attribute(expr: Expr, attribute_: str) -> Expr:
    """`expr.attribute`, which stays on one line."""
    return Atom(f"{flat(expr)}.{flat(name(attribute_))}")


def value(data: object) -> Expr:
    """Parsed JSON as an expression; numbers that are not finite become None."""
    if isinstance(data, str):
        return Atom(quote(data))
    if isinstance(data, (tuple, list)):
        items = tuple(("", value(item)) for item in cast("Sequence[object]", data))
        opening, closing = ("(", ")") if isinstance(data, tuple) else ("[", "]")
        if isinstance(data, tuple) and len(items) == 1:
            return Group("(", items, ",)", display=True)
        return Group(opening, items, closing, display=True)
    if isinstance(data, Mapping):
        pairs = cast("Mapping[object, object]", data).items()
        return Group(
            "{", tuple((f"{quote(str(key))}: ", value(one)) for key, one in pairs), "}", True
        )
    finite = isinstance(data, (bool, int)) or (isinstance(data, float) and math.isfinite(data))
    return Atom(repr(data).replace("e+", "e") if finite else "None")


def read(annotation: ast.expr) -> Expr:
    """A type annotation of generated code.

    Raises:
        TypeError: it is not made of names, literals, subscripts and unions.
    """
    match annotation:
        case ast.Name(id=identifier):
            return Atom(identifier)
        case ast.Constant(value=data):
            return value(data)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return union(read(left), read(right))
        case ast.Subscript(value=ast.Name(id=base), slice=ast.Tuple(elts=items)):
            return of(base, *map(read, items))
        case ast.Subscript(value=ast.Name(id=base), slice=item):
            return of(base, read(item))
        case _:
            raise TypeError(f"not an annotation: {ast.unparse(annotation)}")


def union(*operands: Expr) -> Expr:
    """`a | b`, each operand once."""
    parts: dict[Expr, None] = {}
    for operand in operands:
        parts |= dict.fromkeys(operand.operands if isinstance(operand, Union) else (operand,))
    return next(iter(parts)) if len(parts) == 1 else Union(tuple(parts))


def replace(expr: Expr, by: Mapping[str, Expr]) -> Expr:
    """The expression with each name or literal that is a key replaced by its value."""
    if isinstance(expr, Union):
        return union(*(replace(one, by) for one in expr.operands))
    if isinstance(expr, Group):
        inside = tuple((label, replace(one, by)) for label, one in expr.items)
        return Group(expr.opening, inside, expr.closing, expr.display)
    return by.get(expr.text, expr)


def flat(expr: Expr) -> str:
    """The expression on one line."""
    match expr:
        case Atom(text):
            return text
        case Union(operands):
            return " | ".join(map(flat, operands))
        case Group(opening, items, closing):
            return f"{opening}{_together(items)}{closing}"


def assign(target: str, kind: Expr, given: Expr | None = None, *, indent: int = 0) -> list[str]:
    """The lines of `target: kind = given`, `indent` columns in."""
    margin, inner = " " * indent, " " * (indent + _STEP)
    start = f"{margin}{target}: "
    if given is None:
        return _broken(kind, start, "", indent)
    end = f" = {flat(given)}"
    if len(f"{start}{flat(kind)}{end}") <= WIDTH:
        return [f"{start}{flat(kind)}{end}"]
    if isinstance(given, Group) and given.items:
        *before, last = _broken(kind, start, f" = {given.opening}", indent)
        return [*before, *_broken(given, last.removesuffix(given.opening), "", indent)]
    if len(f"{start}{flat(kind)} = (") <= WIDTH and len(f"{inner}{flat(given)}") <= WIDTH:
        return [f"{start}{flat(kind)} = (", f"{inner}{flat(given)}", f"{margin})"]
    return _broken(kind, start, end, indent)


def fill(start: str, expr: Group) -> list[str]:
    """The lines of `start` and the expression, as many items on a line as there is room for.

    `ruff format` would give each item a line of its own: put it between `# fmt: off` and `on`.
    """
    margin = " " * _STEP
    lines = [margin]
    for label, item in expr.items:
        text = f"{label}{flat(item)},"
        if lines[-1] != margin and len(f"{lines[-1]} {text}") > WIDTH:
            lines.append(margin)
        lines[-1] += text if lines[-1] == margin else f" {text}"
    return [f"{start}{expr.opening}", *lines, expr.closing]


def define(
    head: str, parameters: Sequence[tuple[str, Expr, Expr | None]], end: str, *, indent: int
) -> list[str]:
    """The lines of a method's `def`.

    Args:
        head: `def name`.
        parameters: keyword-only, each with its annotation and default.
        end: what follows the closing bracket.
        indent: columns before it.
    """
    margin, inner = " " * indent, " " * (indent + _STEP)
    texts = [
        f"{key}: {flat(kind)}{'' if default is None else f' = {flat(default)}'}"
        for key, kind, default in parameters
    ]
    together = ", ".join(["self", *(["*"] if texts else []), *texts])
    if len(f"{margin}{head}({together}){end}") <= WIDTH:
        return [f"{margin}{head}({together}){end}"]
    if len(f"{inner}{together}") <= WIDTH:
        return [f"{margin}{head}(", f"{inner}{together}", f"{margin}){end}"]
    lines = [f"{margin}{head}(", f"{inner}self,", f"{inner}*,"]
    for key, kind, default in parameters:
        start = f"{inner}{key}: "
        if isinstance(default, Group) and len(f"{start}{flat(kind)} = ") < WIDTH // 2:
            lines += _broken(default, f"{start}{flat(kind)} = ", ",", indent + _STEP)
        else:
            tail = "" if default is None else f" = {flat(default)}"
            lines += _broken(kind, start, f"{tail},", indent + _STEP, bare=True)
    return [*lines, f"{margin}){end}"]


def statement(start: str, expr: Expr, *, indent: int) -> list[str]:
    """The lines of `start` and the expression, `indent` columns in."""
    return _broken(expr, f"{' ' * indent}{start}", "", indent)


def _broken(expr: Expr, start: str, end: str, indent: int, *, bare: bool = False) -> list[str]:
    """The lines of `start`, the expression and `end`; a `bare` union needs no parentheses."""
    if len(f"{start}{flat(expr)}{end}") <= WIDTH or isinstance(expr, Atom):
        return [f"{start}{flat(expr)}{end}"]
    margin, inner = " " * indent, " " * (indent + _STEP)
    if isinstance(expr, Union):
        if bare:
            return _operands(expr, start, end, indent)
        return [f"{start}(", *_operands(expr, inner, "", indent + _STEP), f"{margin}){end}"]
    if not expr.items:
        return [f"{start}{expr.opening}{expr.closing}{end}"]
    together = f"{inner}{_together(expr.items)}"
    lines = [together]
    if len(together) > WIDTH or expr.display:
        lone = len(expr.items) == 1 and expr.closing == "]" and not expr.display
        comma = "" if lone else ","
        lines = [
            line
            for label, item in expr.items
            for line in _broken(item, f"{inner}{label}", comma, indent + _STEP, bare=True)
        ]
    return [f"{start}{expr.opening}", *lines, f"{margin}{expr.closing.lstrip(',')}{end}"]


def _operands(expr: Union, start: str, end: str, indent: int) -> list[str]:
    starts = [start, *[f"{' ' * indent}| "] * (len(expr.operands) - 1)]
    ends = [*[""] * (len(expr.operands) - 1), end]
    parts = zip(expr.operands, starts, ends, strict=True)
    return [line for one, head, tail in parts for line in _broken(one, head, tail, indent)]


def _together(items: Sequence[tuple[str, Expr]]) -> str:
    return ", ".join(f"{label}{flat(item)}" for label, item in items)
