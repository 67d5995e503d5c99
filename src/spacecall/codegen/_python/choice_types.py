"""Write the choices of a value as a type: a `Literal` with a name, or `AppChoice`.

`AppChoice` stands for a list that is too long to write: the call checks it against the live app.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import Schema
from spacecall.codegen._literals import one_line, quote
from spacecall.codegen._name_spelling import Scope, class_name
from spacecall.codegen._python.python_expressions import (
    Alias,
    Expr,
    format_flat,
    literal,
    name_expr,
    subscript,
    union,
)
from spacecall.codegen._schemas.schema_documents import get_extension

__all__ = [
    "ChoiceField",
    "choice_type",
    "describe_choices",
    "describe_unnamed_choices",
    "name_choice_lists",
]

_MAX_LIST: Final = 20_000
"""The most characters of a list that is written into a module, about 200 lines."""
_MAX_NAME: Final = 60
_SCALAR_TYPES: Final[Mapping[type, Expr]] = {
    str: name_expr("str"),
    int: name_expr("int"),
    float: name_expr("float"),
    bool: name_expr("bool"),
    type(None): literal(None),
}


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A parameter, an output or a field that may have choices.

    Attributes:
        key: a unique key, which also decides the order.
        owner: the class name that the endpoint's or object type's names begin with.
        label: the label or name of the value.
        schema: the JSON Schema of the value.
    """

    key: str
    owner: str
    label: str
    schema: Schema


def choice_type(choices: Sequence[Any], names: Mapping[Expr, str]) -> Expr | None:
    """Return the type of a value that is one of `choices`; None if no type can express them.

    Args:
        choices: the values of a schema's `enum`.
        names: the aliases of the lists, by the list.
    """
    if any(is_object(choice) or is_array(choice) for choice in choices):
        return None
    if _is_too_long(choices):
        python_types: set[type] = {type(choice) for choice in choices}
        types = [expr for type_, expr in _SCALAR_TYPES.items() if type_ in python_types]
        return subscript("AppChoice", union(*types))
    literal_type = _literal(choices)
    parts: list[Expr] = []
    if literal_type is not None:
        parts.append(
            Alias(names[literal_type], literal_type) if literal_type in names else literal_type
        )
    if any(isinstance(choice, float) for choice in choices):
        parts.append(_SCALAR_TYPES[float])
    return union(*parts)


def name_choice_lists(
    fields: Iterable[ChoiceField], module: Scope, field_names: Set[str]
) -> dict[Expr, str]:
    """Choose an alias for each list of choices, by the list.

    A list is named after the label that most of its uses have; lists that would share a name get
    their owner's name as a prefix.

    Args:
        fields: all values that may have choices.
        module: the names of the module; the aliases are added.
        field_names: the names of the app's parameters and fields, which no alias may hide.
    """
    uses: dict[Expr, list[tuple[str, ChoiceField]]] = {}
    for field in fields:
        for number, choices in enumerate(_choice_lists(field.schema)):
            if len(choices) == 1 or _is_too_long(choices):
                continue  # a single value is not a choice
            if (literal_type := _literal(choices)) is not None:
                uses.setdefault(literal_type, []).append((f"{field.key} {number}", field))
    taken = module.names | field_names
    short = {
        literal_type: _short_name((field.label for _, field in uses_of_list), taken)
        for literal_type, uses_of_list in uses.items()
    }
    shared = Counter(short.values())
    keys: dict[str, Expr] = {}
    proposals: dict[str, str] = {}
    for literal_type, uses_of_list in uses.items():
        key, field = min(uses_of_list, key=lambda use: use[0])
        long = f"{field.owner}{short[literal_type]}"
        lengthen = shared[short[literal_type]] > 1 and len(long) <= _MAX_NAME
        keys[key], proposals[key] = literal_type, long if lengthen else short[literal_type]
    allocated = module.allocate(proposals, proposals.__getitem__)
    return {keys[key]: allocated[key] for key in proposals}


def describe_choices(fields: Iterable[ChoiceField], aliases: Mapping[Expr, str]) -> dict[str, str]:
    """Describe each alias: what it is for, and what the app's page calls the choices.

    Args:
        fields: all values that may have choices.
        aliases: the aliases of the lists, by the list.
    """
    labels: dict[str, str] = {}
    names: dict[str, str] = {}
    for field in sorted(fields, key=lambda field: field.key):
        for choices in _choice_lists(field.schema):
            literal_type = None if _is_too_long(choices) else _literal(choices)
            if literal_type is not None and literal_type in aliases:
                alias = aliases[literal_type]
                labels.setdefault(alias, one_line(field.label).replace("`", "'"))
                if text := _display_names(field.schema, choices):
                    names.setdefault(alias, f" On the app's page: {text}.")
    return {alias: f"Choices of `{labels[alias]}`.{names.get(alias, '')}" for alias in labels}


def describe_unnamed_choices(schema: Schema) -> str:
    """Return what the app's page calls the choices that no alias has, since they are floats."""
    return "; ".join(
        text
        for choices in _choice_lists(schema)
        if not _is_too_long(choices) and _literal(choices) is None
        if (text := _display_names(schema, choices))
    )


def _display_names(schema: Schema, choices: Sequence[Any]) -> str:
    names = as_str_list(get_extension(schema).get("choice_names"))
    if len(names) != len(choices):
        return ""
    return "; ".join(
        f"{format_flat(literal(choice))}: {one_line(name)}"
        for choice, name in zip(choices, names, strict=True)
    )


def _short_name(labels: Iterable[str], taken: Set[str]) -> str:
    counts = Counter(labels)
    label = min(counts, key=lambda label: (-counts[label], label))
    class_ = class_name(label, "Choice")
    return f"{class_}Choice" if class_ in taken else class_


def _choice_lists(schema: Schema) -> Iterator[Sequence[Any]]:
    """List the lists of choices in the schema of one value, in their order, without definitions."""
    pending: list[Any] = [schema]
    while pending:
        node = as_dict(pending.pop())
        if choices := as_list(node.get("enum")):
            yield choices
            continue
        inside = [node.get(key) for key in ("items", "additionalProperties")]
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            inside += as_list(node.get(key))
        inside += as_dict(node.get("properties")).values()
        pending += filter(is_object, reversed(inside))


def _literal(choices: Sequence[Any]) -> Expr | None:
    """Return the `Literal` of the choices that one can have: no floats, lists and objects."""
    literal_choices = [
        choice
        for choice in choices
        if not (isinstance(choice, float) or is_object(choice) or is_array(choice))
    ]
    if not literal_choices:
        return None
    return subscript("Literal", *dict.fromkeys(map(literal, literal_choices)))


def _is_too_long(choices: Sequence[Any]) -> bool:
    """Check whether a `Literal` of the choices would be too long to read."""
    remaining = _MAX_LIST
    for choice in choices:
        remaining -= len(quote(choice) if isinstance(choice, str) else repr(choice)) + len(", ")
        if remaining < 0:
            return True
    return False
