"""Find the parts of a value that are not files although the schema expects files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from spacecall._core.filedata import as_file_data
from spacecall._core.json_values import as_dict, as_list, is_array, is_object
from spacecall._core.schema_nodes import (
    Schema,
    branches,
    is_file_kind,
    item_schema,
    kinds_of,
    property_schema,
    resolve,
)

__all__ = ["drop_text_files", "expects_files", "find_non_files"]

_Path: TypeAlias = tuple[str | int, ...]

_MAX_STEPS = 20_000
_MAX_DEPTH = 64
_MAX_LINES = 8


def expects_files(schema: Schema) -> bool:
    """Return whether `schema` has a file at any depth, in time linear in its size.

    Lists of choices are skipped: many schemas may share one.
    """
    unvisited: list[Any] = [schema]
    while unvisited:
        node = unvisited.pop()
        if is_array(node):
            unvisited += node
        elif is_object(node):
            if "properties" in node and is_file_kind(kinds_of(node, {})):
                return True
            # the value of a property called "enum" is a schema, not a list
            has_choices = is_array(node.get("enum"))
            unvisited += [part for key, part in node.items() if not (has_choices and key == "enum")]
    return False


def find_non_files(
    schema: Schema, value: Any, previous: Any = None, kinds: dict[int, list[str]] | None = None
) -> list[str]:
    """Return a line for each part of `value` that is not a file where `schema` expects one.

    A union expects a file if any branch that the value could match does; but a string matches a
    string branch, and a list a list branch. None always fits. There are at most eight lines. The
    search ends after a number of steps: an incomplete one is safe, since no string becomes a file.

    Args:
        schema: the schema of the value, with `$defs` at its root.
        value: the JSON value.
        previous: a value without such parts; the parts that `value` shares with it are skipped.
        kinds: a cache for calls with the same schema object, by the ids of its nodes.
    """
    return _search(schema, value, previous, kinds).lines()


def drop_text_files(schema: Schema, default: Any, absent: Any) -> Any:
    """Return `default`; or `absent` if a string stands, or may stand, for a file in it.

    An app that declares such a default would receive a file of the caller's machine.
    """
    if default is absent or not expects_files(schema):
        return default
    search = _search(schema, default, None)
    return absent if search.problems or search.is_incomplete else default


def _search(
    schema: Schema, value: Any, previous: Any, kinds: dict[int, list[str]] | None = None
) -> _Search:
    search = _Search(schema, {} if kinds is None else kinds)
    search.visit(schema, value, previous, (), 0)
    return search


class _Search:
    """One traversal of a schema and a value.

    Attributes:
        problems: the problems by their path in the value.
        is_incomplete: whether a part was skipped.
    """

    def __init__(self, root: Schema, kinds: dict[int, list[str]]) -> None:
        self.problems: dict[_Path, str] = {}
        self.is_incomplete = False
        self._root = root
        self._steps = 0
        self._kinds = kinds

    def lines(self) -> list[str]:
        return [
            "".join(f"[{part!r}]" for part in path) + (": " if path else "") + problem
            for path, problem in self.problems.items()
        ]

    def visit(self, schema: Schema, value: Any, previous: Any, path: _Path, depth: int) -> None:
        if value is None or value is previous or len(self.problems) >= _MAX_LINES:
            return
        self._steps += 1
        if self._steps > _MAX_STEPS or depth > _MAX_DEPTH:
            self.is_incomplete = True
            return
        node = resolve(schema, self._root)
        if is_file_kind(self._kinds_of(node)):
            try:
                as_file_data(value)
            except ValueError as error:
                self.problems[path] = str(error)
            return
        union = branches(node)
        if isinstance(value, str) and any(self._allows(branch, "string") for branch in union):
            return
        if is_array(value) and any(self._allows(branch, "array") for branch in union):
            union = [branch for branch in union if not self._is_file(branch)]
        for branch in (*union, *as_list(node.get("allOf"))):
            self.visit(branch, value, previous, path, depth + 1)
        if is_array(value):
            self._visit_list(node, value, as_list(previous), path, depth + 1)
        elif is_object(value):
            self._visit_object(node, value, as_dict(previous), path, depth + 1)

    def _is_file(self, branch: Schema) -> bool:
        return is_file_kind(self._kinds_of(resolve(branch, self._root)))

    def _allows(self, schema: Schema, kind: str) -> bool:
        """Return whether a branch allows a kind of value; nested unions are not searched."""
        self._steps += 1
        node = resolve(schema, self._root)
        kinds = self._kinds_of(node)
        inner = branches(node) or as_list(node.get("allOf"))
        return not inner and (not kinds or kind in kinds)

    def _kinds_of(self, node: Schema) -> list[str]:
        if not node:  # a temporary object, whose id may be reused
            return []
        if id(node) not in self._kinds:
            self._kinds[id(node)] = kinds_of(node, self._root)
        return self._kinds[id(node)]

    def _visit_list(
        self, node: Schema, value: list[Any], previous: list[Any], path: _Path, depth: int
    ) -> None:
        if node.keys() & {"items", "prefixItems"}:
            padded = [*previous, *[None] * (len(value) - len(previous))]
            for index, (item, old_item) in enumerate(zip(value, padded, strict=False)):
                if item is not old_item:
                    self.visit(item_schema(node, index), item, old_item, (*path, index), depth)

    def _visit_object(
        self,
        node: Schema,
        value: Mapping[str, Any],
        previous: Mapping[str, Any],
        path: _Path,
        depth: int,
    ) -> None:
        if node.keys() & {"properties", "additionalProperties"}:
            for key, item in value.items():
                if member := property_schema(node, key):
                    self.visit(member, item, previous.get(key), (*path, key), depth)
