"""Example arguments for an endpoint: its defaults, and values that fit its schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_check import find_problems, is_file
from spacecall._core.schema_nodes import Schema, alternatives, item_schema, kinds_of, resolve
from spacecall.endpoints import Endpoint, Parameter

__all__ = ["LocalFile", "example_arguments", "local_files", "replace_local_files"]

_MAX_DEFAULT = 200
"""Characters of the longest default that an example repeats."""
_MAX_DEPTH = 6
_TEXT = "Hello"
_TEXTS = {"colorpicker": "#4a90d9", "datetime": "2026-01-31 12:00:00"}
_VALUES: Mapping[str, Any] = {"chatbot": [], "json": {"key": "value"}}
"""Values for schemas that allow any."""
_FILES = {
    "audio": "audio.wav",
    "gallery": "image.png",
    "image": "image.png",
    "imageeditor": "image.png",
    "imageslider": "image.png",
    "model3d": "model.glb",
    "video": "video.mp4",
}
_FILE_TYPE = re.compile(r"file types: (?:\.(?P<extension>[a-z0-9]{1,8})|(?P<kind>\w+))")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that the reader of a snippet puts into the current folder.

    Attributes:
        name: such as `image.png`; ASCII letters and digits only, whatever the app says.
    """

    name: str


def example_arguments(endpoint: Endpoint) -> dict[str, Any]:
    """Return arguments for a call, by the parameters' names.

    A parameter with a default has that, or is left out if the default is long or is a file of the
    app. Files are `LocalFile`. The input that takes a stream has no default.
    """
    arguments: dict[str, Any] = {}
    for parameter in endpoint.parameters:
        if parameter.required:
            arguments[parameter.name] = _example(parameter)
        elif _is_short(parameter.default) and not _has_path(parameter.default):
            arguments[parameter.name] = parameter.default
    for parameter in endpoint.parameters:
        if parameter.name == endpoint.stream_input:
            arguments[parameter.name] = _example(parameter)
    return arguments


def local_files(value: Any) -> list[LocalFile]:
    """Return the different files in an example, in their order."""
    files: dict[LocalFile, None] = {}

    def collect(file: LocalFile) -> None:
        files[file] = None

    replace_local_files(value, collect)
    return list(files)


def replace_local_files(value: Any, replace: Callable[[LocalFile], Any]) -> Any:
    """Return an example whose files are replaced by `replace(file)`."""
    if isinstance(value, LocalFile):
        return replace(value)
    if is_array(value):
        return [replace_local_files(item, replace) for item in value]
    if is_object(value):
        return {key: replace_local_files(item, replace) for key, item in value.items()}
    return value


def _example(parameter: Parameter) -> Any:
    schema = parameter.schema
    if parameter.component == "dataframe":
        table = {"headers": ["a", "b"], "data": [[1, 2]], "metadata": None}
        if not find_problems(schema, table):
            return table
    value = _Example(parameter).of(schema, 0)
    sent = replace_local_files(value, lambda file: {"path": file.name})
    if find_problems(schema, sent) and not find_problems(schema, None):
        return None
    return value


class _Example:
    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._root = parameter.schema

    def of(self, schema: Schema, depth: int) -> Any:
        """Return a value that fits a node of the schema, `depth` levels below the first."""
        node = resolve(schema, self._root)
        if is_file(node, self._root):
            return LocalFile(self._file_name())
        if depth > _MAX_DEPTH:
            return None
        if "const" in node:
            return node["const"]
        choices = [choice for choice in as_list(node.get("enum")) if choice is not None]
        if choices:
            return choices[0]
        for branch in alternatives(node, self._root):
            kinds = [kind for kind in kinds_of(branch, self._root) if kind != "null"]
            if branch is not node and kinds != kinds_of(node, self._root) and kinds:
                return self.of(branch, depth + 1)
        kinds = [kind for kind in kinds_of(node, self._root) if kind != "null"]
        return self._of_kind(kinds[0] if kinds else "", node, depth)

    def _of_kind(self, kind: str, node: Schema, depth: int) -> Any:
        match kind:
            case "string":
                return self._text()
            case "integer" | "number":
                return _number(node)
            case "boolean":
                return False
            case "array":
                return self._array(node, depth)
            case "object":
                return self._object(node, depth)
            case _:
                return _VALUES.get(self._parameter.component, _TEXT)

    def _text(self) -> str:
        text = _TEXTS.get(self._parameter.component, _TEXT)
        has_time = "HH" in self._parameter.description
        is_date = self._parameter.component == "datetime" and "YYYY" in self._parameter.description
        return text.partition(" ")[0] if is_date and not has_time else text

    def _array(self, node: Schema, depth: int) -> list[Any]:
        positions = len(as_list(node.get("prefixItems")))
        if positions:
            return [self.of(item_schema(node, index), depth + 1) for index in range(positions)]
        item = item_schema(node, 0)
        if self._parameter.component == "chatbot" or not kinds_of(item, self._root):
            return []
        return [self.of(item, depth + 1)]

    def _object(self, node: Schema, depth: int) -> dict[str, Any]:
        properties = as_dict(node.get("properties"))
        names = [name for name in as_str_list(node.get("required")) if name in properties]
        if not names:
            files = [name for name in properties if is_file(as_dict(properties[name]), self._root)]
            names = files[:1]
        return {name: self.of(as_dict(properties[name]), depth + 1) for name in names}

    def _file_name(self) -> str:
        match = _FILE_TYPE.search(self._parameter.description)
        if match is not None and match["extension"]:
            return f"file.{match['extension']}"
        kind = match["kind"] if match is not None else self._parameter.component
        return _FILES.get(kind, "file.txt")


def _number(node: Schema) -> int | float:
    low, high = node.get("minimum"), node.get("maximum")
    if isinstance(low, (int, float)):
        return low
    return min(1, high) if isinstance(high, (int, float)) else 1


def _is_short(default: Any) -> bool:
    try:
        return len(json.dumps(default)) <= _MAX_DEFAULT
    except (TypeError, ValueError, RecursionError):
        return False


def _has_path(value: Any) -> bool:
    """Tell whether a default has a file of the app in it."""
    if is_array(value):
        return any(map(_has_path, value))
    if is_object(value):
        return isinstance(value.get("path"), str) or any(map(_has_path, value.values()))
    return False
