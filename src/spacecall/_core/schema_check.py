"""Check values against a schema and find their files: enough JSON Schema for one argument.

Value and schema may be hostile, and nested unions multiply: 5 KB of them could take years. So the
steps are counted, and a value that needs too many steps does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from spacecall._core.arguments_to_json import suggest_conversion
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
"""The steps for any value, however small. A step compares one node of the schema with a value."""
STEPS_PER_VALUE = 32
"""Further steps for each nested value."""

_MAX_DEPTH = 64
_UNION_DEPTH = 8  # how much of the depth a union uses, since its branches multiply
_CHOICES_PER_STEP = 64
_MAX_LINES = 100
_MAX_VALUES = 2_000_000
"""The largest count of nested values: a list of the caller's may contain itself."""


class TooMuchWorkError(Exception):
    """The check needs more steps than its budget."""


class Budget:
    """The number of steps that the check of one value may take.

    Args:
        value: the value. Its nested values are counted only if `steps` do not suffice.
        steps: the steps without the further ones for nested values.

    Attributes:
        used: the steps taken so far.
    """

    __slots__ = ("_limit", "_value", "used")

    def __init__(self, value: Any, steps: int = STEPS) -> None:
        self.used = 0
        self._limit = steps
        self._value: list[Any] = [value]

    def spend(self, steps: int = 1) -> None:
        """Count `steps` more steps.

        Raises:
            TooMuchWorkError: the budget does not have as many.
        """
        self.used += steps
        if self.used > self._limit and self._value:
            self._limit += STEPS_PER_VALUE * count_values(self._value.pop())
        if self.used > self._limit:
            raise TooMuchWorkError(f"more than {self._limit} steps")


def is_file(schema: Schema, root: Schema | None = None) -> bool:
    """Return whether `schema` is a file (FileData or ImageData of Gradio), or a file or null.

    Args:
        schema: the node.
        root: the schema with the `$defs` of the node's references; by default the node itself.
    """
    return is_file_kind(kinds_of(schema, schema if root is None else root))


def find_problems(
    schema: Schema, value: Any, *, root: Schema | None = None, budget: Budget | None = None
) -> list[str]:
    """Return the reasons why `value` does not fit `schema`, one line each, at most 100.

    Where the schema expects a file, any value passes that can be converted to one. Tuples count as
    lists, an int is a number, a bool is not.

    Args:
        schema: the node.
        value: any value.
        root: the schema with the `$defs` of the node's references; by default the node itself.
        budget: the budget; by default that of `value`. A value that needs more steps has one
            problem, which says so.
    """
    budget = Budget(value) if budget is None else budget
    try:
        lines = _Check(schema if root is None else root, budget).problems(schema, value, 0)
    except (TooMuchWorkError, RecursionError) as error:
        return [_unchecked(error)]
    return lines[:_MAX_LINES]


def map_files(
    schema: Schema,
    value: Any,
    convert: Callable[[Any], Any],
    *,
    root: Schema | None = None,
    budget: Budget | None = None,
) -> Any:
    """Replace each part of `value` where `schema` expects a file by `convert(part)`; None stays.

    Follows lists, objects and unions. In a union, the first branch that the value fits counts;
    branches of files are tried last. `value` itself is not changed.

    Args:
        schema, value, root, budget: see `find_problems`.
        convert: called with each part that stands for a file.

    Raises:
        InvalidInputError: the value needs more steps than `budget` allows.
    """
    budget = Budget(value) if budget is None else budget
    try:
        return _Check(schema if root is None else root, budget).map(schema, value, convert, 0)
    except (TooMuchWorkError, RecursionError) as error:
        raise InvalidInputError(_unchecked(error)) from error


def _unchecked(error: Exception) -> str:
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return f"cannot check the value against the app's schema: {reason}"


class _Check:
    """The check of one value.

    Args:
        root: the schema with the `$defs` of all references.
        budget: the budget of the whole check.
    """

    __slots__ = ("_choices", "_kinds", "_root", "budget")

    def __init__(self, root: Schema, budget: Budget) -> None:
        self.budget = budget
        self._root = root
        # By the id of the node. Storing the node keeps its id valid.
        self._kinds: dict[int, tuple[Schema, list[str]]] = {}
        self._choices: dict[int, tuple[Schema, _Choices]] = {}

    def problems(self, schema: Schema, value: Any, depth: int) -> list[str]:
        """Return the problems of a value with a node `depth` levels below the first."""
        self.budget.spend()
        if depth > _MAX_DEPTH:
            return []
        node = resolve(schema, self._root)
        kinds = self._kinds_of(node)
        if kinds and not any(is_kind(value, kind) for kind in kinds):
            hint = (
                "write [ … ]"
                if self._fits_file_list(node, value)
                else suggest_conversion(value, kinds)
            )
            return [f"expected {_names_of(kinds)}, got {_got(value, hint)}"]
        if is_file_kind(kinds):
            return []
        lines = [*self._choice(node, value), *_range(node, value)]
        for part in as_list(node.get("allOf")):
            lines += self.problems(part, value, depth + _UNION_DEPTH)
        lines += self._union(node, value, depth)
        if is_list(value):
            lines += self._list(node, value, depth)
        elif is_object(value):
            lines += self._object(node, value, depth)
        return lines

    def _fits_file_list(self, node: Schema, value: Any) -> bool:
        """Return whether a file was passed for a list of files, or of objects with a file."""
        if not is_kind(value, "file"):
            return False
        for part in alternatives(node, self._root):
            for entry in alternatives(item_schema(part, 0), self._root):
                members = as_dict(entry.get("properties")).values()
                self.budget.spend(1 + len(members))
                for schema in (entry, *members):
                    if is_file_kind(self._kinds_of(resolve(as_dict(schema), self._root))):
                        return True
        return False

    def map(self, schema: Schema, value: Any, convert: Callable[[Any], Any], depth: int) -> Any:
        """Return the result of `map_files` for a node `depth` levels below the first."""
        self.budget.spend()
        node = resolve(schema, self._root)
        if value is None or not node or depth > _MAX_DEPTH:
            return value
        if is_file_kind(self._kinds_of(node)):
            return convert(value)
        for part in as_list(node.get("allOf")):
            value = self.map(part, value, convert, depth + _UNION_DEPTH)
        options = branches(node)
        self.budget.spend(len(options))
        for branch in sorted(options, key=lambda option: is_file_kind(self._kinds_of(option))):
            if not self.problems(branch, value, depth + _UNION_DEPTH):
                value = self.map(branch, value, convert, depth + _UNION_DEPTH)
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
        entry = self._kinds.get(id(node))
        if entry is None:
            entry = self._kinds[id(node)] = (node, kinds_of(node, self._root))
        return entry[1]

    def _choice(self, node: Schema, value: Any) -> list[str]:
        if node.get("not") == {}:
            return ["no value is allowed here"]
        if "const" not in node and "enum" not in node:
            return []
        entry = self._choices.get(id(node))
        if entry is None:
            entry = self._choices[id(node)] = (node, _Choices(node))
            self.budget.spend(len(entry[1].listed) // _CHOICES_PER_STEP)
        choices = entry[1]
        if choices.allow(value, self.budget):
            return []
        one_of = "one of " if len(choices.listed) > 1 else ""
        listed = ", ".join(map(short_repr, choices.listed[:20]))
        return [f"{short_repr(value)} is not {one_of}{listed}{', …' * (len(choices.listed) > 20)}"]

    def _union(self, node: Schema, value: Any, depth: int) -> list[str]:
        nearest: list[str] = []
        for branch in branches(node):
            lines = self.problems(branch, value, depth + _UNION_DEPTH)
            if not lines:
                return []
            kinds = self._kinds_of(branch)
            if not kinds or any(is_kind(value, kind) for kind in kinds):
                # among branches of the value's kind, the one with the fewest problems was meant
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
            if len(lines) > _MAX_LINES:
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
            if len(lines) > _MAX_LINES:
                break
        return lines


class _Choices:
    """The values that a node's `const` or `enum` allows; scalars are looked up in a set."""

    __slots__ = ("_containers", "_scalars", "listed")

    def __init__(self, node: Schema) -> None:
        self.listed: list[Any] = [node["const"]] if "const" in node else as_list(node.get("enum"))
        self._scalars: set[tuple[Any, bool]] = set()
        self._containers: list[tuple[Any, int]] = []
        for choice in self.listed:
            if is_list(choice) or is_object(choice):
                self._containers.append((choice, count_values(choice)))
            else:
                self._scalars.add((choice, isinstance(choice, bool)))

    def allow(self, value: Any, budget: Budget) -> bool:
        """Return whether `value` is a choice. True is not 1."""
        if not self.listed:
            return True
        if isinstance(value, (str, int, float)) or value is None:
            return (value, isinstance(value, bool)) in self._scalars
        for choice, size in self._containers:
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
    """Count the values in `value`, itself included, up to 2,000,000."""
    return sum(1 for _ in islice(_nested(value), _MAX_VALUES))


def _nested(value: Any) -> Iterator[Any]:
    """Yield `value`, and every nested value."""
    stack = [value]
    while stack:
        value = stack.pop()
        yield value
        if is_list(value):
            stack += value
        elif is_object(value):
            stack += value.values()


def _names_of(kinds: list[str]) -> str:
    *names, last = [KINDS.get(kind, short_repr(kind)) for kind in kinds[:20]]
    return f"{', '.join(names)} or {last}" if names else last


def _got(value: Any, hint: str) -> str:
    if value is None:
        return "None"
    return f"{type(value).__name__} {short_repr(value)}" + (f": {hint}" if hint else "")
