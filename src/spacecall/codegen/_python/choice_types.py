"""Choices of an app as a type: a `Literal` in place, a named one, or whatever the app has then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list, is_array, is_object
from spacecall._core.schema_nodes import Schema
from spacecall.codegen._literals import quote
from spacecall.codegen._names import Scope, class_name
from spacecall.codegen._python.python_expressions import (
    WIDTH,
    Alias,
    Expr,
    Group,
    flat,
    name,
    of,
    union,
    value,
)

__all__ = ["Place", "choice_type", "name_choices"]

_LONGEST: Final = 20_000
"""Characters of a list that is written into a module, about 200 lines."""
_FEW: Final = 5
"""Choices that are written in place, however long they are."""
_ONE_LINE: Final = WIDTH - 12
"""Characters of choices that fit on a line in the signature of a method."""
_LONGEST_NAME: Final = 60
_KINDS: Final[Mapping[type, Expr]] = {
    str: name("str"),
    int: name("int"),
    float: name("float"),
    bool: name("bool"),
    type(None): value(None),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A value that may have choices.

    Attributes:
        key: tells it from all other places.
        owner: the class that the endpoint's or object type's names begin with.
        label: of the value in there.
        schema: of the value.
    """

    key: str
    owner: str
    label: str
    schema: Schema


def choice_type(choices: Sequence[Any], names: Mapping[Expr, str]) -> Expr | None:
    """The type of a value that is one of `choices`; None where Python has none for them.

    Args:
        choices: of a schema's `enum`.
        names: of the long lists, by the list.
    """
    if any(is_object(choice) or is_array(choice) for choice in choices):
        return None
    if _is_too_long(choices):
        used = [kind for key, kind in _KINDS.items() if any(type(one) is key for one in choices)]
        return of("AppChoice", union(*used))
    listed = _literal(choices)
    parts: list[Expr] = []
    if listed is not None:
        parts.append(Alias(names[listed], listed) if listed in names else listed)
    if any(isinstance(choice, float) for choice in choices):
        parts.append(_KINDS[float])
    return union(*parts)


def name_choices(places: Iterable[Place], module: Scope) -> dict[Expr, str]:
    """Names for the lists of choices that take more than a few lines, by the list.

    A list is called after what it is the choices of, mostly; lists that would share a name get
    their owner's put before it.

    Args:
        places: all that may have choices.
        module: the names of the module; the new ones are added.
    """
    uses: dict[Expr, list[tuple[str, Place]]] = {}
    for place in places:
        for number, choices in enumerate(_lists_in(place.schema)):
            listed = None if _is_too_long(choices) else _literal(choices)
            if listed is not None and _is_long(listed):
                uses.setdefault(listed, []).append((f"{place.key} {number}", place))
    short = {listed: _short_name(place.label for _, place in each) for listed, each in uses.items()}
    shared = Counter(short.values())
    keys: dict[str, Expr] = {}
    proposals: dict[str, str] = {}
    for listed, each in uses.items():
        key, place = min(each, key=lambda use: use[0])
        long = f"{place.owner}{short[listed]}"
        lengthen = shared[short[listed]] > 1 and len(long) <= _LONGEST_NAME
        keys[key], proposals[key] = listed, long if lengthen else short[listed]
    allocated = module.allocate(proposals, proposals.__getitem__)
    return {keys[key]: allocated[key] for key in proposals}


def _short_name(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    label = min(counts, key=lambda label: (-counts[label], label))
    class_ = class_name(label, "Choice")
    return class_ if class_.endswith("Choice") else f"{class_}Choice"


def _lists_in(schema: Schema) -> Iterable[Sequence[Any]]:
    """The lists of choices in a schema of one value, in its order; definitions are left out."""
    ahead: list[Any] = [schema]
    while ahead:
        node = as_dict(ahead.pop())
        if choices := as_list(node.get("enum")):
            yield choices
            continue
        inside = [node.get(key) for key in ("items", "additionalProperties")]
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            inside += as_list(node.get(key))
        inside += as_dict(node.get("properties")).values()
        ahead += filter(is_object, reversed(inside))


def _literal(choices: Sequence[Any]) -> Expr | None:
    """The `Literal` of those that it can have: it has no floats, lists and objects."""
    listed = [
        choice
        for choice in choices
        if not (isinstance(choice, float) or is_object(choice) or is_array(choice))
    ]
    return of("Literal", *dict.fromkeys(map(value, listed))) if listed else None


def _is_long(listed: Expr) -> bool:
    choices = listed.items if isinstance(listed, Group) else ()
    return len(choices) > _FEW and len(flat(listed)) - len("Literal[]") > _ONE_LINE


def _is_too_long(choices: Sequence[Any]) -> bool:
    """Whether a `Literal` of them would make the module unreadable."""
    room = _LONGEST
    for choice in choices:
        room -= len(quote(choice) if isinstance(choice, str) else repr(choice)) + len(", ")
        if room < 0:
            return True
    return False
