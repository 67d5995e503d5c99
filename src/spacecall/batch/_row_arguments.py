"""Turn the columns of a row into the arguments of an endpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from spacecall._core.file_positions import expects_files
from spacecall._core.schema_nodes import is_file_kind, kinds_of
from spacecall._suggestions import did_you_mean
from spacecall._visible import shorten
from spacecall.batch._arrow_types import to_json_text
from spacecall.batch._batch_request import Batch, row_file
from spacecall.batch._row_files import (
    InputRow,
    check_input,
    column_names,
    read_rows,
    to_argument,
    to_json_value,
)
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError
from spacecall.files import File

_MAX_NAMES: Final = 20
_OTHER_DELIMITERS: Final = {"';'": ";", "tab": "\t", "'|'": "|"}

LoadFiles: TypeAlias = Callable[[Endpoint, dict[str, Any]], dict[str, Any]]
"""Opens the files that arguments name."""


class RowArguments:
    """The arguments of each row.

    Args:
        batch: the batch.
        endpoint: its endpoint.

    Raises:
        InvalidInputError: the input is not a file, or a column or a parameter is missing; the
            message names it.
    """

    def __init__(self, batch: Batch, endpoint: Endpoint) -> None:
        check_input(batch.input)
        self._endpoint = endpoint
        self._columns = batch.columns
        self._id_column = batch.id_column
        self._parameters = {parameter.name: parameter for parameter in endpoint.parameters}
        self._file_parameters = file_parameters(endpoint)
        self._is_text = row_file(batch).kind == "csv"
        for name in batch.columns:
            if name not in self._parameters:
                raise InvalidInputError(
                    f"--map {name}: {endpoint.name} has no such parameter"
                    f"{did_you_mean(name, self._parameters)}"
                )
        names = column_names(row_file(batch))
        if names is not None:
            self._check_columns(batch.input, names)
        elif first := next(read_rows(row_file(batch)), None):
            self._check_named_columns(first, f"the first row of {batch.input}")

    def _check_columns(self, path: Path, names: Sequence[str]) -> None:
        required = {
            self._columns.get(parameter.name, parameter.name)
            for parameter in self._parameters.values()
            if parameter.required or parameter.name in self._columns
        }
        required |= {self._id_column} if self._id_column else set()
        if missing := sorted(required - set(names)):
            raise InvalidInputError(
                f"{path} has no column {', '.join(missing)}; it has {', '.join(names)}: "
                f"{self._advise(names)}"
            )

    def _advise(self, names: Sequence[str]) -> str:
        """Return what to do if columns are missing."""
        if self._is_text and len(names) == 1:
            for name, delimiter in _OTHER_DELIMITERS.items():
                if delimiter in names[0]:
                    return f"is there another character between the fields? Try --delimiter {name}"
        return "map them with --map PARAMETER=COLUMN"

    def _check_named_columns(self, row: InputRow, label: str = "the row") -> None:
        """Check that a row of JSON lines has the columns that the batch names."""
        if row.problem:
            return
        named = {*self._columns.values(), *([self._id_column] if self._id_column else [])}
        if missing := sorted(named - row.values.keys()):
            names = ", ".join(map(shorten, islice(row.values, _MAX_NAMES))) or "none"
            more = ", …" if len(row.values) > _MAX_NAMES else ""
            raise InvalidInputError(
                f"{label} has no column {', '.join(map(shorten, missing))}; it has {names}{more}"
            )

    def read_id(self, row: InputRow) -> str | None:
        """Return the id of a row: its number without a column of ids, None without a value there.

        A value that is no text is JSON.
        """
        if not self._id_column:
            return str(row.number)
        value = row.values.get(self._id_column)
        return value if value is None or isinstance(value, str) else _to_id(value)

    def load(self, row: InputRow, load_files: LoadFiles | None) -> dict[str, Any]:
        """Return the arguments of a row for a call.

        Args:
            row: the row.
            load_files: opens the files that arguments name, by default those that `Space.call`
                opens.

        Raises:
            InvalidInputError: see `bind`; or the column of ids is missing, or `load_files`
                raises it.
        """
        try:
            arguments = self.bind(row)
            self._check_named_columns(row)
            if load_files is not None:
                arguments = load_files(self._endpoint, arguments)
        except RecursionError:
            raise InvalidInputError("the row is nested too deeply") from None
        return arguments

    def bind(self, row: InputRow) -> dict[str, Any]:
        """Return the arguments of a row, by the names of the parameters.

        Raises:
            InvalidInputError: the row cannot be read, a mapped column is missing, or a text of a
                CSV file is not a value of its parameter.
        """
        if row.problem:
            raise InvalidInputError(row.problem)
        arguments: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            column = self._columns.get(name, name)
            if column in row.values:
                value = row.values[column]
                if self._is_text:
                    if value is None:  # an empty field
                        continue
                    value = _parse_text(value, parameter, column)
                takes_files = name in self._file_parameters
                arguments[name] = to_argument(value, takes_files=takes_files)
            elif name in self._columns:
                self._check_named_columns(row)
        return arguments

    def describe(self, row: InputRow) -> dict[str, Any]:
        """Return the arguments of a row for the output; empty if it does not fit."""
        try:
            return {
                name: to_json_value(
                    row.values[self._columns.get(name, name)] if isinstance(value, File) else value
                )
                for name, value in self.bind(row).items()
            }
        except (InvalidInputError, RecursionError):  # the latter if it is nested too deeply
            return {}

    def record(
        self, row: InputRow, *, attempts: int, duration: float, source: str
    ) -> dict[str, Any]:
        """Return the line of a row for the output, without its value or error.

        Args:
            row: the row.
            attempts: how often the call was made.
            duration: seconds of the last attempt.
            source: the address of the app.
        """
        return {
            "id": self.read_id(row),
            "row": row.number,
            "input": self.describe(row),
            "attempts": attempts,
            "duration": round(duration, 3),
            "source": source,
        }


def _to_id(value: object) -> str:
    value = to_json_value(value)
    return value if isinstance(value, str) else to_json_text(value)


def _parse_text(text: str, parameter: Parameter, column: str) -> Any:
    kinds = kinds_of(parameter.schema, parameter.schema)
    if not kinds or "string" in kinds or is_file_kind(kinds):
        return text
    try:
        return json.loads(text.lower() if "boolean" in kinds else text)
    except (ValueError, RecursionError):
        raise InvalidInputError(
            f"column {column}: {text!r} is not a JSON value for {parameter.name}"
        ) from None


def file_parameters(endpoint: Endpoint) -> frozenset[str]:
    """Return the names of the parameters that take files."""
    return frozenset(
        parameter.name for parameter in endpoint.parameters if expects_files(parameter.schema)
    )


def to_reference(path: Path, folder: Path) -> str:
    """Return a path as the output of a batch names it: relative to the folder of the output."""
    path, folder = path.absolute(), folder.absolute()
    if not path.is_relative_to(folder):  # `..` leads out of a linked folder to another one
        path, folder = path.resolve(), folder.resolve()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return str(path)


def default_error_record(error: Exception) -> Mapping[str, Any]:
    """Return an error for JSON."""
    return {"type": type(error).__name__, "message": str(error), "code": 1}
