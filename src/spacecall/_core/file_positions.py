"""Where a schema expects files, and what stands there instead of one."""

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
    """Whether `schema` has a place for a file, however deep. Takes time linear in its size.

    Its choices do not count: one list of them may be in many schemas.
    """
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if is_array(node):
            waiting += node
        elif is_object(node):
            if "properties" in node and is_file_kind(kinds_of(node, {})):
                return True
            # of a property that is called so the value is a schema, not a list
            choices = is_array(node.get("enum"))
            waiting += [part for key, part in node.items() if not (choices and key == "enum")]
    return False


def find_non_files(
    schema: Schema, value: Any, before: Any = None, kinds: dict[int, list[str]] | None = None
) -> list[str]:
    """What stands where `schema` expects a file and is not one, a line with its place for each.

    Of a union every branch counts that the value could be of, unless the value is a text and one
    of the branches is; a list is no file where a branch is a list. None is always in order. At most
    eight lines; a value that takes too many steps is not looked at to its end, since no text
    becomes a file anyway.

    Args:
        schema: of the value; its `$defs` are at its root.
        value: JSON.
        before: a value that was in order; what `value` shares with it is not looked at again.
        kinds: what one call has found of the schema, for the next; for as long as it lives.
    """
    return _searched(schema, value, before, kinds).described()


def drop_text_files(schema: Schema, default: Any, absent: Any) -> Any:
    """`default`, or `absent` where a text stands for a file in it, or may do.

    An app that declares such a default would have a file of the caller's sent to it.
    """
    if default is absent or not expects_files(schema):
        return default
    search = _searched(schema, default, None)
    return absent if search.lines or search.gave_up else default


def _searched(
    schema: Schema, value: Any, before: Any, kinds: dict[int, list[str]] | None = None
) -> _Search:
    search = _Search(schema, {} if kinds is None else kinds)
    search.visit(schema, value, before, (), 0)
    return search


class _Search:
    """One walk along a schema and a value.

    Attributes:
        lines: what is wrong, by its place in the value.
        gave_up: whether a part was not looked at.
    """

    def __init__(self, root: Schema, kinds: dict[int, list[str]]) -> None:
        self.lines: dict[_Path, str] = {}
        self.gave_up = False
        self._root = root
        self._steps = 0
        self._kinds = kinds

    def described(self) -> list[str]:
        return [
            "".join(f"[{part!r}]" for part in path) + (": " if path else "") + line
            for path, line in self.lines.items()
        ]

    def visit(self, schema: Schema, value: Any, before: Any, path: _Path, depth: int) -> None:
        if value is None or value is before or len(self.lines) >= _MAX_LINES:
            return
        self._steps += 1
        if self._steps > _MAX_STEPS or depth > _MAX_DEPTH:
            self.gave_up = True
            return
        node = resolve(schema, self._root)
        if is_file_kind(self._kinds_of(node)):
            try:
                as_file_data(value)
            except ValueError as error:
                self.lines[path] = str(error)
            return
        union = branches(node)
        if isinstance(value, str) and any(self._admits(branch, "string") for branch in union):
            return
        if is_array(value) and any(self._admits(branch, "array") for branch in union):
            union = [branch for branch in union if not self._is_file(branch)]
        for branch in (*union, *as_list(node.get("allOf"))):
            self.visit(branch, value, before, path, depth + 1)
        if is_array(value):
            self._visit_list(node, value, as_list(before), path, depth + 1)
        elif is_object(value):
            self._visit_object(node, value, as_dict(before), path, depth + 1)

    def _is_file(self, branch: Schema) -> bool:
        return is_file_kind(self._kinds_of(resolve(branch, self._root)))

    def _admits(self, schema: Schema, kind: str) -> bool:
        """Whether a value of a kind fits a branch, without a look at further ones in it."""
        self._steps += 1
        node = resolve(schema, self._root)
        kinds = self._kinds_of(node)
        inner = branches(node) or as_list(node.get("allOf"))
        return not inner and (not kinds or kind in kinds)

    def _kinds_of(self, node: Schema) -> list[str]:
        if not node:  # no part of the schema: another may have its id later
            return []
        if id(node) not in self._kinds:
            self._kinds[id(node)] = kinds_of(node, self._root)
        return self._kinds[id(node)]

    def _visit_list(
        self, node: Schema, value: list[Any], before: list[Any], path: _Path, depth: int
    ) -> None:
        if node.keys() & {"items", "prefixItems"}:
            olds = [*before, *[None] * (len(value) - len(before))]
            for index, (item, old) in enumerate(zip(value, olds, strict=False)):
                if item is not old:
                    self.visit(item_schema(node, index), item, old, (*path, index), depth)

    def _visit_object(
        self,
        node: Schema,
        value: Mapping[str, Any],
        before: Mapping[str, Any],
        path: _Path,
        depth: int,
    ) -> None:
        if node.keys() & {"properties", "additionalProperties"}:
            for key, item in value.items():
                if member := property_schema(node, key):
                    self.visit(member, item, before.get(key), (*path, key), depth)
