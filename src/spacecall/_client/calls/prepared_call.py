"""A call with checked arguments, and the decoder of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar, cast

from spacecall._core.app_functions import Dependency
from spacecall._core.component_outputs import returns_text
from spacecall._core.file_positions import find_non_files
from spacecall._core.filedata import is_file_data, replace_files
from spacecall._core.schema_nodes import Schema
from spacecall._core.session_components import read_layout, read_update
from spacecall.component_updates import Updated
from spacecall.endpoints import OAuth
from spacecall.errors import SchemaDriftError
from spacecall.files import File

T = TypeVar("T")
U = TypeVar("U")
MakeFile: TypeAlias = Callable[[Mapping[str, Any]], File]
"""Makes the handle of a file from an app's payload. Raises ValueError if it is invalid."""


def _value_alone(value: Any, _: Sequence[Any]) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class PreparedCall(Generic[T]):
    """A function of an app, with arguments that fit it.

    Attributes:
        endpoint: the function.
        values: of the visible inputs in wire order, files as `File`.
        decode: makes the caller's value from the visible outputs.
        oauth: whether the function takes a user's token.
        finish: makes what the call returns, from the caller's value and all outputs as the app sent
            them.
        returns_text: whether a text is what the call returns for it: it is not decoded.
    """

    endpoint: Dependency
    values: Sequence[Any]
    decode: Callable[[list[Any], MakeFile], Any]
    oauth: OAuth | None = None
    finish: Callable[[Any, Sequence[Any]], T] = _value_alone
    returns_text: bool = field(init=False)

    def __post_init__(self) -> None:
        is_text = (
            self.finish is _value_alone
            and isinstance(self.decode, DynamicDecoder)
            and self.decode.has_no_files
            and returns_text(self.endpoint)
        )
        object.__setattr__(self, "returns_text", is_text)

    def map(self, transform: Callable[[T], U]) -> PreparedCall[U]:
        """Return the same call with `transform` applied to what it returns."""
        finish = self.finish
        return PreparedCall(
            self.endpoint,
            self.values,
            self.decode,
            self.oauth,
            lambda value, raw: transform(finish(value, raw)),
        )

    def with_updates(self) -> PreparedCall[Updated[T]]:
        """Return the same call, with what the function changes of the components."""
        finish, endpoint = self.finish, self.endpoint

        def finish_with_updates(value: Any, raw: Sequence[Any]) -> Updated[T]:
            updates = tuple(map(read_update, endpoint.select_visible(raw)))
            return Updated(finish(value, raw), updates, read_layout(endpoint, raw))

        return PreparedCall(endpoint, self.values, self.decode, self.oauth, finish_with_updates)


class _Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED = _Unchanged()
"""An output that the app does not change: an update without a value, `gr.skip()`."""


def unwrap_update(value: Any) -> Any:
    """Return the value that a component update sets, or `UNCHANGED`; another value as it is.

    An update is `{"__type__": "update", …}`.
    """
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return fields.get("value", UNCHANGED) if fields.get("__type__") == "update" else fields


class DynamicDecoder:
    """Decodes the outputs of one call: None, one value, or a tuple; files as `File`.

    Only FileData becomes a file. Any other value where the schema has a file raises
    `SchemaDriftError`. An output that the app does not change is None. Objects that a snapshot
    shares with the previous one (all but those on the edited path) are not decoded again.

    Args:
        schemas: of the outputs, None for an output without files.
    """

    def __init__(self, schemas: Sequence[Schema | None] = ()) -> None:
        self._schemas = schemas if any(schema is not None for schema in schemas) else ()
        self._kinds: dict[int, list[str]] = {}
        self._last_raw: list[Any] = []
        self._last_decoded: list[Any] = []

    @property
    def has_no_files(self) -> bool:
        """Whether no output has files by its schema."""
        return not self._schemas

    def __call__(self, values: list[Any], make_file: MakeFile) -> Any:
        """Return the caller's value.

        Raises:
            SchemaDriftError: an output is not a file where its schema has one.
        """
        outputs = [None if value is UNCHANGED else value for value in values]
        self._check(outputs, make_file)
        try:
            decoded = _decode_list(outputs, self._last_raw, self._last_decoded, make_file)
        except ValueError as error:
            raise _file_error([str(error)], decode_leniently(outputs, make_file)) from error
        self._last_raw, self._last_decoded = outputs, decoded
        if not decoded:
            return None
        return decoded[0] if len(decoded) == 1 else tuple(decoded)

    def _check(self, values: list[Any], make_file: MakeFile) -> None:
        if not self._schemas:
            return
        previous_values = [*self._last_raw, *[None] * len(values)]
        outputs = zip(self._schemas, values, previous_values, strict=False)
        problems = [
            f"output {number}: {problem}"
            for number, (schema, value, previous) in enumerate(outputs)
            if schema is not None
            for problem in find_non_files(schema, value, previous, self._kinds)
        ]
        if problems:
            raise _file_error(problems, decode_leniently(values, make_file))


def decode_leniently(values: Sequence[Any], make_file: MakeFile) -> list[Any]:
    """Return the outputs with their files decoded, or as they came if a file is invalid."""
    outputs: list[Any] = []
    for value in values:
        try:
            outputs.append(None if value is UNCHANGED else replace_files(value, make_file))
        except ValueError:
            outputs.append(value)
    return outputs


def _file_error(problems: list[str], values: Sequence[Any]) -> SchemaDriftError:
    return SchemaDriftError(
        "the app's outputs do not fit its own schema: " + "; ".join(problems[:3]),
        differences=problems,
        values=values,
    )


def _decode_list(
    values: list[Any], last_raw: list[Any], last_decoded: list[Any], make_file: MakeFile
) -> list[Any]:
    prefix = [
        decoded if value is raw else _decode(value, raw, decoded, make_file)
        for value, raw, decoded in zip(values, last_raw, last_decoded, strict=False)
    ]
    return prefix + [replace_files(value, make_file) for value in values[len(prefix) :]]


def _decode(value: Any, last_raw: Any, last_decoded: Any, make_file: MakeFile) -> Any:
    """Return `replace_files(value)`, with the objects of `last_decoded` that are still the same.

    Args:
        value: an output, or a part of one.
        last_raw: the same part of the previous snapshot, which shares objects with `value`.
        last_decoded: `last_raw` with its files decoded.
        make_file: makes the handle of a file.
    """
    if isinstance(value, list) and isinstance(last_raw, list):
        entries = cast("list[Any]", value)
        return _decode_list(entries, cast("list[Any]", last_raw), last_decoded, make_file)
    if isinstance(value, dict) and isinstance(last_decoded, dict):
        items = cast("dict[str, Any]", value)
        if is_file_data(items):
            return make_file(items)
        raw = cast("dict[str, Any]", last_raw)
        decoded = cast("dict[str, Any]", last_decoded)
        return {
            key: decoded[key]
            if key in raw and item is raw[key]
            else _decode(item, raw.get(key), decoded.get(key), make_file)
            for key, item in items.items()
        }
    return replace_files(value, make_file)


def collect_files(values: Any) -> list[File]:
    """Return every `File` in nested lists and dicts, in order."""
    if isinstance(values, File):
        return [values]
    if isinstance(values, dict):
        values = list(cast("dict[str, Any]", values).values())
    if isinstance(values, (list, tuple)):
        return [file for value in cast("Sequence[Any]", values) for file in collect_files(value)]
    return []


def substitute_files(values: Any, payloads: Mapping[int, Any]) -> Any:
    """Return `values` with each `File` replaced by the payload under its `id()`."""
    if isinstance(values, File):
        return payloads[id(values)]
    if isinstance(values, dict):
        items = cast("dict[str, Any]", values)
        return {key: substitute_files(value, payloads) for key, value in items.items()}
    if isinstance(values, (list, tuple)):
        return [substitute_files(value, payloads) for value in cast("Sequence[Any]", values)]
    return values
