"""Whether a value fits a schema, and where its files are: enough JSON Schema for one argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spacecall._core.loose import is_object, items, strings
from spacecall._core.schema_nodes import (
    KINDS,
    Schema,
    branches,
    is_kind,
    is_list,
    is_number,
    kinds_of,
    means_file,
    member_of,
    place_of,
    resolve,
)

__all__ = ["is_file", "map_files", "problems"]

_DEEPEST = 64
_UNION = 8  # what a union costs of that depth, since its branches multiply


def is_file(schema: Schema, root: Schema | None = None) -> bool:
    """Whether `schema` stands for a file, Gradio's FileData or ImageData, or for a file or null.

    Args:
        schema: the node.
        root: the schema whose `$defs` the node's references mean; by default the node itself.
    """
    return means_file(kinds_of(schema, schema if root is None else root))


def problems(schema: Schema, value: Any, *, root: Schema | None = None) -> list[str]:
    """Why `value` does not fit `schema`, one line for each reason; nothing when it fits.

    Where the schema wants a file, anything passes that can be one: the caller makes it a file.
    Tuples are lists, an int is a number, a bool is not.
    """
    return _problems(schema, value, schema if root is None else root, 0)


def map_files(
    schema: Schema, value: Any, convert: Callable[[Any], Any], *, root: Schema | None = None
) -> Any:
    """`value` with `convert(file)` in each place where `schema` wants a file; None stays.

    Follows lists, objects and unions. Of a union's branches the first that fits the value counts,
    those for files last. `value` itself is not changed.
    """
    return _map(schema, value, convert, schema if root is None else root, 0)


def _problems(schema: Schema, value: Any, root: Schema, depth: int) -> list[str]:
    if depth > _DEEPEST:
        return []
    node = resolve(schema, root)
    kinds = kinds_of(node, root)
    if kinds and not any(is_kind(value, kind) for kind in kinds):
        return [f"expected {_either(kinds)}, got {_got(value)}"]
    if means_file(kinds):
        return []
    found = [*_choice(node, value), *_range(node, value)]
    for part in items(node.get("allOf")):
        found += _problems(part, value, root, depth + _UNION)
    found += _union(node, value, root, depth)
    if is_list(value):
        found += _list(node, value, root, depth)
    elif is_object(value):
        found += _object(node, value, root, depth)
    return found


def _choice(node: Schema, value: Any) -> list[str]:
    if node.get("not") == {}:
        return ["no value is allowed here"]
    choices = [node["const"]] if "const" in node else items(node.get("enum"))
    if not choices or any(_same(value, choice) for choice in choices):
        return []
    listed = ", ".join(map(_quote, choices[:20])) + (", …" if len(choices) > 20 else "")
    return [f"{_quote(value)} is not {'one of ' if len(choices) > 1 else ''}{listed}"]


def _range(node: Schema, value: Any) -> list[str]:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and is_number(value) and value < low:
        return [f"{value!r} is less than the minimum of {low!r}"]
    if high is not None and is_number(value) and value > high:
        return [f"{value!r} is more than the maximum of {high!r}"]
    return []


def _union(node: Schema, value: Any, root: Schema, depth: int) -> list[str]:
    tried: list[list[str]] = []
    for branch in branches(node):
        lines = _problems(branch, value, root, depth + _UNION)
        if not lines:
            return []
        kinds = kinds_of(branch, root)
        if not kinds or any(is_kind(value, kind) for kind in kinds):
            tried.append(lines)
    # of the branches of the value's own kind, the nearest says best what was meant
    return min(tried, key=len) if tried else []


def _list(node: Schema, value: Sequence[Any], root: Schema, depth: int) -> list[str]:
    found: list[str] = []
    low, high = node.get("minItems", 0), node.get("maxItems", len(value))
    if len(value) < low:
        found.append(f"expected at least {low} items, got {len(value)}")
    if len(value) > high:
        found.append(f"expected at most {high} items, got {len(value)}")
    for index, item in enumerate(value):
        lines = _problems(place_of(node, index), item, root, depth + 1)
        found += [f"[{index}]: {line}" for line in lines]
    return found


def _object(node: Schema, value: Mapping[Any, Any], root: Schema, depth: int) -> list[str]:
    required = strings(node.get("required"))
    found = [f"{name!r} is missing" for name in required if name not in value]
    for key, item in value.items():
        member = member_of(node, key)
        if member is None:
            found.append(f"{_quote(key)} is not a known key")
        else:
            lines = _problems(member, item, root, depth + 1)
            found += [f"{_quote(key)}: {line}" for line in lines]
    return found


def _map(
    schema: Schema, value: Any, convert: Callable[[Any], Any], root: Schema, depth: int
) -> Any:
    node = resolve(schema, root)
    if value is None or not node or depth > _DEEPEST:
        return value
    if means_file(kinds_of(node, root)):
        return convert(value)
    for part in items(node.get("allOf")):
        value = _map(part, value, convert, root, depth + _UNION)
    for branch in sorted(branches(node), key=lambda one: is_file(one, root)):
        if not _problems(branch, value, root, depth + _UNION):
            value = _map(branch, value, convert, root, depth + _UNION)
            break
    if is_list(value):
        return [
            _map(place_of(node, index), item, convert, root, depth + 1)
            for index, item in enumerate(value)
        ]
    if is_object(value):
        return {
            key: _map(member_of(node, key) or {}, item, convert, root, depth + 1)
            for key, item in value.items()
        }
    return value


def _same(value: Any, choice: Any) -> bool:
    return bool(value == choice) and isinstance(value, bool) == isinstance(choice, bool)


def _either(kinds: list[str]) -> str:
    *names, last = [KINDS[kind] for kind in kinds]
    return f"{', '.join(names)} or {last}" if names else last


def _got(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__} {_quote(value)}"


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
