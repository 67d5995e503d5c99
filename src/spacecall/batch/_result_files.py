"""Write the outcomes of a batch, as JSON lines or Parquet, and the rows that failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from spacecall._atomic import Replacement
from spacecall.batch._arrow_types import (
    ArrowColumn,
    error_type,
    input_column,
    json_column,
    to_json_text,
    value_column,
)
from spacecall.batch._input_version import InputVersion
from spacecall.batch._row_files import import_pyarrow, to_json_value
from spacecall.endpoints import Endpoint

_ROWS_PER_GROUP: Final = 1000
_BYTES_PER_GROUP: Final = 16 * 2**20
"""Of JSON. A row group is in memory several times until it is written."""


def write_results(path: Path, records: Callable[[], Iterator[str]], endpoint: Endpoint) -> None:
    """Write all outcomes; the file is replaced when it is complete.

    Args:
        path: a .jsonl or .parquet file.
        records: yields the outcomes as JSON, whenever it is called.
        endpoint: whose schemas are the types of Parquet columns. A value that does not fit makes
            its column one of JSON texts.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix.lower() == ".jsonl":
        with _replacing(path) as file:
            for record in records():
                file.write(_to_line(json.loads(record)))
        return
    pyarrow = import_pyarrow("pyarrow")
    inputs = input_column(endpoint.parameters), json_column()
    values = value_column(endpoint.returns), json_column()
    choices = [_columns(column, value) for value in values for column in inputs]
    for columns in choices[:-1]:
        try:
            _write_parquet(path, records(), columns)
        except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
            continue
        return
    _write_parquet(path, records(), choices[-1])


def write_failed_rows(path: Path, version: InputVersion, numbers: Set[int]) -> None:
    """Write the input rows with these numbers as JSON lines; not lines that are too long.

    Raises:
        OSError: the file cannot be written.
        InvalidInputError: the input has changed, or cannot be read again.
    """
    with _replacing(path) as file:
        for row in version.rows() if numbers else ():
            if row.number in numbers and (row.line or row.values):
                file.write(row.line or _to_line(to_json_value(row.values, complete=True)))
        version.check()


def _to_line(value: Any) -> bytes:
    return to_json_text(value).encode() + b"\n"


@contextmanager
def _replacing(path: Path) -> Generator[BinaryIO]:
    replacement = Replacement(path)
    try:
        yield replacement.file
        replacement.finish()
        replacement.publish()
    except OSError as error:  # those of a write do not name the file
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        replacement.discard()


def _columns(inputs: ArrowColumn, value: ArrowColumn) -> dict[str, ArrowColumn]:
    pyarrow = import_pyarrow("pyarrow")

    def column(arrow_type: Any) -> ArrowColumn:
        return ArrowColumn(arrow_type, _replace_surrogates)

    return {
        "id": column(pyarrow.string()),
        "row": column(pyarrow.int64()),
        "input": inputs,
        "value": value,
        "error": ArrowColumn(error_type(), _short_error),
        "attempts": column(pyarrow.int64()),
        "duration": column(pyarrow.float64()),
        "source": column(pyarrow.string()),
    }


def _short_error(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {name: _replace_surrogates(error.get(name)) for name in ("type", "message", "code")}


def _replace_surrogates(value: Any) -> Any:
    """Return a text as one that UTF-8 has; other values as they are."""
    return (
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str)
        else value
    )


def _write_parquet(path: Path, records: Iterable[str], columns: Mapping[str, ArrowColumn]) -> None:
    pyarrow, parquet = import_pyarrow("pyarrow"), import_pyarrow("pyarrow.parquet")
    schema = pyarrow.schema([(name, column.type) for name, column in columns.items()])
    with _replacing(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(records, columns):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            group.clear()  # before the next one is read


def _groups(
    records: Iterable[str], columns: Mapping[str, ArrowColumn]
) -> Generator[list[dict[str, Any]]]:
    """Yield the rows of each row group: a number of rows, but few of large values."""
    group: list[dict[str, Any]] = []
    size = 0
    for text in records:
        record = json.loads(text)
        group.append({name: column.convert(record.get(name)) for name, column in columns.items()})
        size += len(text)
        if len(group) == _ROWS_PER_GROUP or size >= _BYTES_PER_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group
