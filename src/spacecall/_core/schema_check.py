"""Whether a value fits a schema, and where its files are: enough JSON Schema for one argument.

Both may be a stranger's, and nested unions multiply: 5 KB of them can ask for more work than a
year has seconds. So the work is counted. A value that is too much work does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from spacecall._core.argument_values import suggest_conversion
from spacecall._core.json_values import as_dict, as_list, as_str_list, is_object
from spacecall._core.schema_nodes import (
    KINDS,
    Schema,
    alternatives,
    branches,
    is_file_kind,
    is_kind,
    is_list,
    is_number,
    item_schema,
    kinds_of,
    property_schema,
    resolve,
)
from spacecall._core.value_excerpts import short_repr
from spacecall.errors import InvalidInputError

__all__ = [
    "STEPS",
    "STEPS_PER_VALUE",
    "Budget",
    "TooMuchWorkError",
    "count_values",
    "find_problems",
    "is_file",
    "map_files",
]

STEPS = 10_000
"""Pairs of a schema's node and a value that are looked at for any value, however small."""
STEPS_PER_VALUE = 32
"""Further ones for each value in it."""

_DEEPEST = 64
_UNION = 8  # what a union costs of that depth, since its branches multiply
_CHOICES_A_STEP = 64
_MOST_LINES = 100
_MOST_VALUES = 2_000_000
"""Values that are counted: a list of the caller's may hold itself."""


class TooMuchWorkError(Exception):
    """The budget is spent."""


class Budget:
    """The steps that the work on one value may take.

    Args:
        value: what is worked on. Only if `STEPS` do not suffice are the values in it counted.
        steps: to begin with.

    Attributes:
        spent: steps that were taken.
    """

    __slots__ = ("_limit", "_value", "used")

    def __init__(self, value: Any, steps: int = STEPS) -> None:
        self.used = 0
        self._limit = steps
        self._value: list[Any] = [value]

    def spend(self, steps: int = 1) -> None:
        """Take some steps.

        Raises:
            TooMuchWorkError: there are not as many left.
        """
        self.used += steps
        if self.used > self._limit and self._value:
            self._limit += STEPS_PER_VALUE * count_values(self._value.pop())
        if self.used > self._limit:
            raise TooMuchWorkError(f"more than {self._limit} steps")


def is_file(schema: Schema, root: Schema | None = None) -> bool:
    """Whether `schema` stands for a file, Gradio's FileData or ImageData, or for a file or null.

    Args:
        schema: the node.
        root: the schema whose `$defs` the node's references mean; by default the node itself.
    """
    return is_file_kind(kinds_of(schema, schema if root is None else root))


def find_problems(
    schema: Schema, value: Any, *, root: Schema | None = None, budget: Budget | None = None
) -> list[str]:
    """Why `value` does not fit `schema`, one line for each reason; nothing when it fits.

    Where the schema wants a file, anything passes that can be one: the caller makes it a file.
    Tuples are lists, an int is a number, a bool is not. There are at most 100 lines.

    Args:
        schema: the node.
        value: anything.
        root: the schema whose `$defs` the node's references mean; by default the node itself.
        budget: for the work; by default what is due to `value`. A value that would take more has
            one problem, which says so.
    """
    budget = Budget(value) if budget is None else budget
    try:
        lines = _Check(schema if root is None else root, budget).problems(schema, value, 0)
    except (TooMuchWorkError, RecursionError) as error:
        return [_unchecked(error)]
    return lines[:_MOST_LINES]


def map_files(
    schema: Schema,
    value: Any,
    convert: Callable[[Any], Any],
    *,
    root: Schema | None = None,
    budget: Budget | None = None,
) -> Any:
    """`value` with `convert(file)` in each place where `schema` wants a file; None stays.

    Follows lists, objects and unions. Of a union's branches the first that fits the value counts,
    those for files last. `value` itself is not changed.

    Args:
        schema, value, root, budget: see `problems`.
        convert: given what stands for a file.

    Raises:
        InvalidInputError: it would take more work than `budget` allows.
    """
    budget = Budget(value) if budget is None else budget
    try:
        return _Check(schema if root is None else root, budget).map(schema, value, convert, 0)
    except (TooMuchWorkError, RecursionError) as error:
        raise InvalidInputError(_unchecked(error)) from error


def _unchecked(error: Exception) -> str:
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return f"the value cannot be checked against the app's schema: {why}"


class _Check:
    """The work on one value.

    Args:
        root: the schema whose `$defs` references mean.
        budget: for all of it.
    """

    __slots__ = ("_choices", "_kinds", "_root", "budget")

    def __init__(self, root: Schema, budget: Budget) -> None:
        self.budget = budget
        self._root = root
        # By the node's id, with the node, which must live as long as its id is used.
        self._kinds: dict[int, tuple[Schema, list[str]]] = {}
        self._choices: dict[int, tuple[Schema, _Choices]] = {}

    def problems(self, schema: Schema, value: Any, depth: int) -> list[str]:
        """The lines of `problems`, for a node `depth` below the first."""
        self.budget.spend()
        if depth > _DEEPEST:
            return []
        node = resolve(schema, self._root)
        kinds = self._kinds_of(node)
        if kinds and not any(is_kind(value, kind) for kind in kinds):
            hint = (
                "write [ … ]"
                if self._fits_file_list(node, value)
                else suggest_conversion(value, kinds)
            )
            return [f"expected {_either(kinds)}, got {_got(value, hint)}"]
        if is_file_kind(kinds):
            return []
        lines = [*self._choice(node, value), *_range(node, value)]
        for part in as_list(node.get("allOf")):
            lines += self.problems(part, value, depth + _UNION)
        lines += self._union(node, value, depth)
        if is_list(value):
            lines += self._list(node, value, depth)
        elif is_object(value):
            lines += self._object(node, value, depth)
        return lines

    def _fits_file_list(self, node: Schema, value: Any) -> bool:
        """Whether a value is a file, and a list of files, or of objects with one, is wanted."""
        if not is_kind(value, "file"):
            return False
        for part in alternatives(node, self._root):
            for entry in alternatives(item_schema(part, 0), self._root):
                members = as_dict(entry.get("properties")).values()
                self.budget.spend(1 + len(members))
                for place in (entry, *members):
                    if is_file_kind(self._kinds_of(resolve(as_dict(place), self._root))):
                        return True
        return False

    def map(self, schema: Schema, value: Any, convert: Callable[[Any], Any], depth: int) -> Any:
        """What `map_files` gives, for a node `depth` below the first."""
        self.budget.spend()
        node = resolve(schema, self._root)
        if value is None or not node or depth > _DEEPEST:
            return value
        if is_file_kind(self._kinds_of(node)):
            return convert(value)
        for part in as_list(node.get("allOf")):
            value = self.map(part, value, convert, depth + _UNION)
        options = branches(node)
        self.budget.spend(len(options))
        for branch in sorted(options, key=lambda option: is_file_kind(self._kinds_of(option))):
            if not self.problems(branch, value, depth + _UNION):
                value = self.map(branch, value, convert, depth + _UNION)
                break
        if is_list(value):
            return [
                self.map(item_schema(node, index), item, convert, depth + 1)
                for index, item in enumerate(value)
            ]
        if is_object(value):
            return {
                key: self.map(property_schema(node, key) or {}, item, convert, depth + 1)
                for key, item in value.items()
            }
        return value

    def _kinds_of(self, node: Schema) -> list[str]:
        known = self._kinds.get(id(node))
        if known is None:
            known = self._kinds[id(node)] = (node, kinds_of(node, self._root))
        return known[1]

    def _choice(self, node: Schema, value: Any) -> list[str]:
        if node.get("not") == {}:
            return ["no value is allowed here"]
        if "const" not in node and "enum" not in node:
            return []
        known = self._choices.get(id(node))
        if known is None:
            known = self._choices[id(node)] = (node, _Choices(node))
            self.budget.spend(len(known[1].listed) // _CHOICES_A_STEP)
        choices = known[1]
        if choices.admit(value, self.budget):
            return []
        several = "one of " if len(choices.listed) > 1 else ""
        listed = ", ".join(map(short_repr, choices.listed[:20]))
        return [f"{short_repr(value)} is not {several}{listed}{', …' * (len(choices.listed) > 20)}"]

    def _union(self, node: Schema, value: Any, depth: int) -> list[str]:
        nearest: list[str] = []
        for branch in branches(node):
            lines = self.problems(branch, value, depth + _UNION)
            if not lines:
                return []
            kinds = self._kinds_of(branch)
            if not kinds or any(is_kind(value, kind) for kind in kinds):
                # of the branches of the value's own kind, the nearest says best what was meant
                nearest = lines if not nearest or len(lines) < len(nearest) else nearest
        return nearest

    def _list(self, node: Schema, value: Sequence[Any], depth: int) -> list[str]:
        lines: list[str] = []
        low, high = _bound(node, "minItems"), _bound(node, "maxItems")
        if low is not None and len(value) < low:
            lines.append(f"expected at least {short_repr(low)} items, got {len(value)}")
        if high is not None and len(value) > high:
            lines.append(f"expected at most {short_repr(high)} items, got {len(value)}")
        for index, item in enumerate(value):
            inner = self.problems(item_schema(node, index), item, depth + 1)
            lines += [f"[{index}]: {line}" for line in inner]
            if len(lines) > _MOST_LINES:
                break
        return lines

    def _object(self, node: Schema, value: Mapping[Any, Any], depth: int) -> list[str]:
        required = as_str_list(node.get("required"))
        self.budget.spend(len(required))
        lines = [f"{short_repr(name)} is missing" for name in required if name not in value]
        for key, item in value.items():
            member = property_schema(node, key)
            if member is None:
                lines.append(f"{short_repr(key)} is not a known key")
            else:
                inner = self.problems(member, item, depth + 1)
                lines += [f"{short_repr(key)}: {line}" for line in inner]
            if len(lines) > _MOST_LINES:
                break
        return lines


class _Choices:
    """The values that a node's `const` or `enum` allows; those that hash are looked up at once."""

    __slots__ = ("_larger", "_plain", "listed")

    def __init__(self, node: Schema) -> None:
        self.listed: list[Any] = [node["const"]] if "const" in node else as_list(node.get("enum"))
        self._plain: set[tuple[Any, bool]] = set()
        self._larger: list[tuple[Any, int]] = []
        for choice in self.listed:
            if is_list(choice) or is_object(choice):
                self._larger.append((choice, count_values(choice)))
            else:
                self._plain.add((choice, isinstance(choice, bool)))

    def admit(self, value: Any, budget: Budget) -> bool:
        """Whether `value` is one of them. True is not 1."""
        if not self.listed:
            return True
        if isinstance(value, (str, int, float)) or value is None:
            return (value, isinstance(value, bool)) in self._plain
        for choice, size in self._larger:
            budget.spend(size)
            if value == choice:
                return True
        return False


def _range(node: Schema, value: Any) -> list[str]:
    low, high = _bound(node, "minimum"), _bound(node, "maximum")
    if low is not None and is_number(value) and value < low:
        return [f"{short_repr(value)} is less than the minimum of {short_repr(low)}"]
    if high is not None and is_number(value) and value > high:
        return [f"{short_repr(value)} is more than the maximum of {short_repr(high)}"]
    return []


def _bound(node: Schema, name: str) -> int | float | None:
    bound = node.get(name)
    return bound if is_number(bound) else None


def count_values(value: Any) -> int:
    """The number of values in `value`, itself included; 2,000,000 for any more."""
    return sum(1 for _ in islice(_nested(value), _MOST_VALUES))


def _nested(value: Any) -> Iterator[Any]:
    """`value`, and every value in it."""
    ahead = [value]
    while ahead:
        value = ahead.pop()
        yield value
        if is_list(value):
            ahead += value
        elif is_object(value):
            ahead += value.values()


def _either(kinds: list[str]) -> str:
    *names, last = [KINDS.get(kind, short_repr(kind)) for kind in kinds[:20]]
    return f"{', '.join(names)} or {last}" if names else last


def _got(value: Any, hint: str) -> str:
    if value is None:
        return "None"
    return f"{type(value).__name__} {short_repr(value)}" + (f": {hint}" if hint else "")
