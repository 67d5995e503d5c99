"""What a call is going to do: which function, with which values, and how its outputs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from spacecall._core.app_config import Dependency
from spacecall._core.file_positions import misplaced
from spacecall._core.filedata import is_file_data, replace_files
from spacecall._core.schema_nodes import Schema
from spacecall.errors import SchemaDriftError
from spacecall.files import File

T = TypeVar("T")
U = TypeVar("U")
MakeFile: TypeAlias = Callable[[Mapping[str, Any]], File]
"""The handle of a file, from the payload of an app. Raises ValueError for a broken one."""


@dataclass(frozen=True, slots=True)
class PreparedCall(Generic[T]):
    """A call whose arguments are known to fit.

    Attributes:
        values: of the visible inputs in wire order, files as `File`.
        decode: makes the caller's value from the visible outputs.
    """

    endpoint: Dependency
    values: Sequence[Any]
    decode: Callable[[list[Any], MakeFile], T]

    def map(self, transform: Callable[[T], U]) -> PreparedCall[U]:
        """The same, with `transform` applied to what `decode` makes."""
        decode = self.decode
        return PreparedCall(
            self.endpoint, self.values, lambda data, make_file: transform(decode(data, make_file))
        )


class _Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED = _Unchanged()
"""Stands for an output that the app leaves as it is: an update that sets no value, `gr.skip()`."""


def visible_outputs(endpoint: Dependency, data: Sequence[Any]) -> list[Any]:
    """The outputs that a caller sees, component updates replaced by the value they set."""
    return [unwrap_update(value) for value in endpoint.visible_outputs(data)]


def unwrap_update(value: Any) -> Any:
    """The value that a component update `{"__type__": "update", …}` sets, or `UNCHANGED`."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return fields.get("value", UNCHANGED) if fields.get("__type__") == "update" else fields


class DynamicDecoder:
    """Decodes the outputs of one call: None, the value, or a tuple; files as `File`.

    Only FileData becomes a file. Anything else where a schema expects one is `SchemaDriftError`.
    An output that the app leaves unchanged is None. What a snapshot shares with the one before it,
    which is all but the path that was edited, is not walked again.

    Args:
        schemas: of the outputs, None for one that has no place for files.
    """

    def __init__(self, schemas: Sequence[Schema | None] = ()) -> None:
        self._schemas = schemas
        self._kinds: dict[int, list[str]] = {}
        self._raw: list[Any] = []
        self._found: list[Any] = []

    def __call__(self, values: list[Any], make_file: MakeFile) -> Any:
        """The caller's value."""
        wanted = [None if value is UNCHANGED else value for value in values]
        self._check(wanted, make_file)
        try:
            found = _decoded_list(wanted, self._raw, self._found, make_file)
        except ValueError as error:
            raise _not_files([str(error)], decode_leniently(wanted, make_file)) from error
        self._raw, self._found = wanted, found
        if not found:
            return None
        return found[0] if len(found) == 1 else tuple(found)

    def _check(self, values: list[Any], make_file: MakeFile) -> None:
        raw = [*self._raw, *[None] * len(values)]
        parts = zip(self._schemas, values, raw, strict=False)
        lines = [
            f"output {number}: {line}"
            for number, (schema, value, before) in enumerate(parts)
            if schema is not None
            for line in misplaced(schema, value, before, self._kinds)
        ]
        if lines:
            raise _not_files(lines, decode_leniently(values, make_file))


def decode_leniently(values: Sequence[Any], make_file: MakeFile) -> list[Any]:
    """Return each output with the files in it, or as it came where one of them is broken."""
    outputs: list[Any] = []
    for value in values:
        try:
            outputs.append(None if value is UNCHANGED else replace_files(value, make_file))
        except ValueError:
            outputs.append(value)
    return outputs


def _not_files(lines: list[str], values: Sequence[Any]) -> SchemaDriftError:
    return SchemaDriftError(
        "the app's outputs do not fit its own schema: " + "; ".join(lines[:3]),
        differences=lines,
        values=values,
    )


def _decoded_list(
    values: list[Any], raw: list[Any], found: list[Any], make_file: MakeFile
) -> list[Any]:
    known = [
        new if value is old else _decoded(value, old, new, make_file)
        for value, old, new in zip(values, raw, found, strict=False)
    ]
    return known + [replace_files(value, make_file) for value in values[len(known) :]]


def _decoded(value: Any, raw: Any, found: Any, make_file: MakeFile) -> Any:
    """`replace_files(value)`, where `found` is that of `raw`, with which `value` shares parts."""
    if isinstance(value, list) and isinstance(raw, list):
        entries = cast("list[Any]", value)
        return _decoded_list(entries, cast("list[Any]", raw), found, make_file)
    if isinstance(value, dict) and isinstance(found, dict):
        items = cast("dict[str, Any]", value)
        if is_file_data(items):
            return make_file(items)
        olds, news = cast("dict[str, Any]", raw), cast("dict[str, Any]", found)
        return {
            key: news[key]
            if key in olds and item is olds[key]
            else _decoded(item, olds.get(key), news.get(key), make_file)
            for key, item in items.items()
        }
    return replace_files(value, make_file)


def collect_files(values: Any) -> list[File]:
    """Every `File` in nested lists and dicts, in order."""
    if isinstance(values, File):
        return [values]
    if isinstance(values, dict):
        values = list(cast("dict[str, Any]", values).values())
    if isinstance(values, (list, tuple)):
        return [file for value in cast("Sequence[Any]", values) for file in collect_files(value)]
    return []


def substitute_files(values: Any, payloads: Mapping[int, Any]) -> Any:
    """`values` with each `File` replaced by the payload under its `id()`."""
    if isinstance(values, File):
        return payloads[id(values)]
    if isinstance(values, dict):
        items = cast("dict[str, Any]", values)
        return {key: substitute_files(value, payloads) for key, value in items.items()}
    if isinstance(values, (list, tuple)):
        return [substitute_files(value, payloads) for value in cast("Sequence[Any]", values)]
    return values
