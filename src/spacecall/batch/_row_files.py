"""Read the rows of a file: JSON lines, CSV, Parquet; the first two may be compressed by gzip."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import math
import stat
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Final, cast

from spacecall._core.json_values import describe_json_error
from spacecall._json_objects import unique_keys
from spacecall.errors import InvalidInputError
from spacecall.files import File

INPUT_SUFFIXES: Final = (".jsonl", ".csv", ".parquet", ".jsonl.gz", ".csv.gz")
GZIP_MAGIC: Final = b"\x1f\x8b"
"""How a file begins that gzip has compressed."""

_CHUNK_BYTES: Final = 2**20
_PARQUET_ROWS: Final = 256
_LAST_FIELD: Final = b"spacecall"
_CSV_BLOCK_BYTES: Final = 16 * 2**20
"""The longest line that pyarrow can read."""
_HEADER_BYTES: Final = 256 * 1024
_LINE_BYTES: Final = 64 * 2**20
"""A line of JSON is in memory; in a compressed file its length is unknown before."""
_NOT_UTF8: Final = "invalid UTF8 data"
"""What pyarrow says of a field."""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows.

    Attributes:
        path: its path, which ends in one of `INPUT_SUFFIXES`.
        delimiter: between the fields of CSV.
    """

    path: Path
    delimiter: str = ","

    @property
    def kind(self) -> str:
        """`jsonl`, `csv` or `parquet`."""
        return PurePath(self.path.name.lower().removesuffix(".gz")).suffix.removeprefix(".")

    @property
    def is_compressed(self) -> bool:
        """Whether gzip has compressed it."""
        return self.path.suffix.lower() == ".gz"

    def open(self) -> BinaryIO:
        """Open the content.

        Raises:
            InvalidInputError: it is not a regular file, or does not exist; or gzip has compressed
                it, and its name does not say so.
        """
        check_input(self.path)
        if self.is_compressed:
            return cast("BinaryIO", gzip.open(self.path))
        file = self.path.open("rb")
        if self.kind != "parquet" and file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            file.close()
            raise InvalidInputError(
                f"{self.path} is compressed by gzip: rename it to {self.path.name}.gz"
            )
        return file

    def open_arrow(self) -> Any:
        """Open the content for pyarrow, which decompresses it outside of Python."""
        compression = "gzip" if self.is_compressed else None
        return import_pyarrow("pyarrow").input_stream(str(self.path), compression=compression)


@dataclass(frozen=True, slots=True)
class InputRow:
    """A row of the input.

    Attributes:
        number: its position, from 0.
        values: its columns; empty if it cannot be read.
        digest: the SHA-256 of its content.
        problem: why it cannot be read; empty if it can.
        line: its text in a file of JSON lines.
    """

    number: int
    values: dict[str, Any]
    digest: str
    problem: str = ""
    line: bytes = b""


def import_pyarrow(module: str) -> Any:
    """Import a module of pyarrow.

    Raises:
        InvalidInputError: pyarrow is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "CSV and Parquet need pyarrow: pip install 'spacecall[batch]'"
        ) from error


def check_input(path: Path) -> None:
    """Check that the input is a regular file, before it is opened: a pipe may block for ever.

    Raises:
        InvalidInputError: it is not, or does not exist.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # for example a NUL in the path
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise InvalidInputError(f"cannot read {path}: {reason}") from error
    if stat.S_ISDIR(mode):
        raise InvalidInputError(f"the input {path} is a folder: name a file in it")
    if not stat.S_ISREG(mode):
        raise InvalidInputError(
            f"the input {path} is a pipe or a device, not a file: pipe its JSON lines with "
            f"--input - < {path}"
        )


def digest_file(file: RowFile) -> tuple[str, int]:
    """Return the SHA-256 of the content of a file, and the number of its lines.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    with _decompressing(file), file.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return digest.hexdigest(), lines + (last != b"\n")


@contextmanager
def _decompressing(file: RowFile) -> Generator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:  # the latter two from a broken gzip file
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise InvalidInputError(f"cannot read {file.path}: {reason}") from error


def count_rows(file: RowFile, lines: int) -> int:
    """Return about how many rows a file has.

    Args:
        file: the file.
        lines: the number of its lines.
    """
    if file.kind == "parquet":
        with _reading(file.path):
            return int(import_pyarrow("pyarrow.parquet").ParquetFile(file.path).metadata.num_rows)
    return lines - (file.kind == "csv")


def column_names(file: RowFile) -> list[str] | None:
    """Return the columns of a file; None for JSON lines, where each row has its own.

    Raises:
        InvalidInputError: the file is not valid.
    """
    match file.kind:
        case "csv":
            with _decompressing(file), file.open() as stream:
                header = stream.readline(_HEADER_BYTES + 1)
                if header.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
                    raise _not_utf8(file.path)
                if len(header) > _HEADER_BYTES:
                    raise InvalidInputError(
                        f"the first line of {file.path} has more than {_HEADER_BYTES} bytes: it "
                        "must have the names of the columns"
                    )
            with _reading(file.path):
                return list(_open_csv(file).schema.names)
        case "parquet":
            parquet = import_pyarrow("pyarrow.parquet")
            with _reading(file.path):
                return list(parquet.ParquetFile(file.path).schema_arrow.names)
        case _:
            return None


def check_rows(file: RowFile) -> None:
    """Read a CSV or Parquet file once, to notice what is wrong with it before the first call.

    Lines that are not JSON are errors of their rows.

    Raises:
        InvalidInputError: the file is not valid, two columns have the same name, or a quote at the
            beginning of a field of CSV is not closed.
    """
    names = column_names(file)
    if names is None:
        return
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise InvalidInputError(f"{file.path} has the column {', '.join(repeated)} more than once")
    with _reading(file.path):
        if file.kind == "csv":
            _check_csv(file, len(names))
        else:
            for _ in _parquet_batches(file.path):
                pass


def read_rows(file: RowFile) -> Iterator[InputRow]:
    """Yield the rows of a file; memory does not grow with their number.

    Raises:
        InvalidInputError: the file is not valid from here on.
    """
    if file.kind == "jsonl":
        yield from _read_lines(file)
        return
    read = _read_csv if file.kind == "csv" else _read_parquet
    for number, values in enumerate(read(file)):
        yield InputRow(number, values, _digest(values))


def _read_lines(file: RowFile) -> Iterator[InputRow]:
    number = 0
    with _decompressing(file), file.open() as stream:
        while line := stream.readline(_LINE_BYTES):
            if number == 0:
                line = line.removeprefix(BOM_UTF8)
            if len(line) == _LINE_BYTES and not line.endswith(b"\n"):
                yield _skip_line(number, line, stream)
            elif line.strip():
                yield _parse_line(number, line)
            else:
                continue
            number += 1


def _skip_line(number: int, begin: bytes, stream: BinaryIO) -> InputRow:
    """Read the rest of a line that is too long, and return its row."""
    digest = hashlib.sha256(begin)
    while not begin.endswith(b"\n") and (begin := stream.readline(_CHUNK_BYTES)):
        digest.update(begin)
    problem = f"the line has more than {_LINE_BYTES} bytes: name large files by their paths"
    return InputRow(number, {}, digest.hexdigest(), problem)


def _parse_line(number: int, line: bytes) -> InputRow:
    digest = hashlib.sha256(line.strip()).hexdigest()
    try:
        values = json.loads(line, object_pairs_hook=unique_keys)
    except InvalidInputError as error:
        return InputRow(number, {}, digest, str(error), line)
    except (ValueError, RecursionError) as error:
        return InputRow(number, {}, digest, f"the line {describe_json_error(error)}", line)
    if not isinstance(values, dict):
        return InputRow(number, {}, digest, "the line is not a JSON object", line)
    return InputRow(number, cast("dict[str, Any]", values), digest, line=line)


def _read_csv(file: RowFile) -> Iterator[dict[str, Any]]:
    with _reading(file.path):
        for batch in _csv_batches(file):
            yield from batch.to_pylist()


def _check_csv(file: RowFile, columns: int) -> None:
    """Read a CSV file with one more row: in a field whose quote is not closed, it is no row."""
    last_row: list[Any] = []
    with _decompressing(file), file.open() as stream:
        tail = b"\n" + file.delimiter.encode().join([_LAST_FIELD] * columns) + b"\n"
        for batch in _csv_batches(file, _WithTail(stream, tail)):
            if batch.num_rows:
                last_row = list(batch.slice(batch.num_rows - 1).to_pylist()[0].values())
    if last_row != [_LAST_FIELD.decode()] * columns:
        raise InvalidInputError(
            f"{file.path} has a quote at the beginning of a field that is not closed: close it, or "
            "put the field in quotes and write the quote twice"
        )


class _WithTail(io.RawIOBase):
    """A file, and then more bytes."""

    def __init__(self, file: BinaryIO, tail: bytes) -> None:
        self._file = file
        self._tail = tail

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if data := self._file.read(size):
            return data
        taken = self._tail if size < 0 else self._tail[:size]
        self._tail = self._tail[len(taken) :]
        return taken


def _csv_batches(file: RowFile, stream: io.RawIOBase | None = None) -> Iterator[Any]:
    """Yield the rows of a CSV file; `stream` is read in its place."""
    csv, string = import_pyarrow("pyarrow.csv"), import_pyarrow("pyarrow").string()
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(_open_csv(file).schema.names, string),
        strings_can_be_null=True,
        null_values=[""],
    )
    yield from _open_csv(file, stream, convert_options=options)


def _open_csv(file: RowFile, stream: io.RawIOBase | None = None, **options: Any) -> Any:
    csv = import_pyarrow("pyarrow.csv")
    return csv.open_csv(
        stream or file.open_arrow(),
        read_options=csv.ReadOptions(block_size=_CSV_BLOCK_BYTES),
        parse_options=csv.ParseOptions(delimiter=file.delimiter, newlines_in_values=True),
        **options,
    )


def _read_parquet(file: RowFile) -> Iterator[dict[str, Any]]:
    with _reading(file.path):
        for batch in _parquet_batches(file.path):
            yield from batch.to_pylist()


def _parquet_batches(path: Path) -> Iterator[Any]:
    file = import_pyarrow("pyarrow.parquet").ParquetFile(path)
    yield from file.iter_batches(batch_size=_PARQUET_ROWS)


class _reading:  # noqa: N801 - used as a function
    """Turn errors of pyarrow into an InvalidInputError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        is_arrow_error = isinstance(error, import_pyarrow("pyarrow").ArrowException)
        if isinstance(error, UnicodeDecodeError) or (is_arrow_error and _NOT_UTF8 in str(error)):
            raise _not_utf8(self._path) from error
        if is_arrow_error or isinstance(error, OSError):
            raise InvalidInputError(f"cannot read {self._path}: {error}") from error


def _not_utf8(path: Path) -> InvalidInputError:
    return InvalidInputError(
        f"cannot read {path}: it is not UTF-8: save it as UTF-8, or convert it with iconv"
    )


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()


def to_argument(value: object, *, takes_files: bool) -> object:
    """Return a column's value as an argument: images of datasets as files.

    Args:
        value: the value.
        takes_files: whether the parameter does. Bytes are for the call to check and to upload.
    """
    if takes_files and isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        if set(members) == {"bytes", "path"}:
            content, path = members["bytes"], members["path"]
            if isinstance(content, bytes):
                return File(content, name=path or None)
            if content is None and path and isinstance(path, str):
                return File(path)
        return members
    return value


def to_json_value(value: object, *, complete: bool = False) -> Any:
    """Return a column's value for JSON.

    Args:
        value: the value.
        complete: write bytes as a data URI, not their number and digest.
    """
    if isinstance(value, bytes):
        if complete:
            return f"data:application/octet-stream;base64,{base64.b64encode(value).decode()}"
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        if complete and set(members) == {"bytes", "path"}:
            return to_json_value(members["bytes"] or members["path"], complete=True)
        return {key: to_json_value(part, complete=complete) for key, part in members.items()}
    if isinstance(value, (list, tuple)):
        return [to_json_value(part, complete=complete) for part in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
