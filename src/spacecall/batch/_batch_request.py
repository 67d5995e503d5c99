"""What a batch is to do, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacecall._client.calls.row_sources import check_pace
from spacecall._option_checks import checked_class
from spacecall.batch._row_files import INPUT_SUFFIXES, RowFile
from spacecall.errors import InvalidInputError
from spacecall.rows import Concurrency, OnQuota

__all__ = ["Batch", "BatchProgress", "BatchSummary"]

OUTPUT_SUFFIXES = (".jsonl", ".parquet")


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows to call an endpoint for, and where the outcomes go.

    Attributes:
        endpoint: the endpoint's name.
        input: a file of rows: .jsonl, .csv, .parquet, .jsonl.gz or .csv.gz.
        output: a .jsonl or .parquet file, or a folder, which gets `results.jsonl`, `failed.jsonl`
            and the folder `files`. The journal is beside the file, or in the folder.
        columns: the column of each parameter that has another name.
        id_column: the column with the id of a row; by default its number.
        files_to: the folder for files of results; by default their addresses are written.
        dead_letter: a .jsonl file for rows that failed, which can be the input of another batch.
            Rows of unknown outcome are among them: use either this file or `resubmit`.
        concurrency: as of `Space.map`.
        rate: as of `Space.map`.
        on_quota: as of `Space.map`.
        retries: how often a row is tried again that the app failed for.
        resubmit: call again for rows whose outcome is unknown. The app may run them twice.
        max_errors: stop if more rows than this failed or were lost in this run; None for no limit.
        limit: how many of the rows without an outcome this run does; None for all.
        retry_failed: call again for rows that failed; their outcomes are replaced.
        delimiter: the character between the fields of CSV.

    Raises:
        TypeError: an attribute is of the wrong type.
        ValueError: a number is out of its range, or the delimiter is not a character of ASCII.
        InvalidInputError: the input or the output has another suffix, or a delimiter is for a file
            that is not CSV.
    """

    endpoint: str
    input: Path
    output: Path
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    id_column: str | None = None
    files_to: Path | None = None
    dead_letter: Path | None = None
    concurrency: Concurrency = "auto"
    rate: float | None = None
    on_quota: OnQuota = "wait"
    retries: int = 0
    resubmit: bool = False
    max_errors: int | None = None
    limit: int | None = None
    retry_failed: bool = False
    delimiter: str = ","

    def __post_init__(self) -> None:
        check_pace(self.concurrency, self.rate)
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, got {self.retries!r}")
        if self.max_errors is not None and self.max_errors < 0:
            raise ValueError(f"max_errors must be at least 0, got {self.max_errors!r}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, got {self.limit!r}")
        if not self.input.name.lower().endswith(INPUT_SUFFIXES):
            *suffixes, last = INPUT_SUFFIXES
            raise InvalidInputError(
                f"the input {str(self.input)!r} must end in {', '.join(suffixes)} or {last}"
            )
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0':
            raise ValueError(
                "delimiter must be a character of ASCII other than a quote or a line break, got "
                f"{self.delimiter!r}"
            )
        if self.delimiter != "," and row_file(self).kind != "csv":
            raise InvalidInputError(f"a delimiter is for CSV files: {str(self.input)!r} has none")
        if self.output.suffix and self.output.suffix.lower() not in OUTPUT_SUFFIXES:
            raise InvalidInputError(
                f"the output {str(self.output)!r} must end in .jsonl or .parquet, or be a folder"
            )

    @property
    def results(self) -> Path:
        """The file with an outcome for each row."""
        return self.output if self.output.suffix else self.output / "results.jsonl"

    @property
    def journal(self) -> Path:
        """The SQLite file that remembers what became of each row."""
        if self.output.suffix:
            return self.output.with_name(f"{self.output.name}.journal")
        return self.output / "journal.sqlite"

    @property
    def files(self) -> Path | None:
        """The folder for files of results."""
        return self.files_to or (None if self.output.suffix else self.output / "files")

    @property
    def failed_rows(self) -> Path | None:
        """The file for rows that failed."""
        return self.dead_letter or (None if self.output.suffix else self.output / "failed.jsonl")


def row_file(batch: Batch) -> RowFile:
    """Return the input of a batch, to read its rows."""
    return RowFile(batch.input, batch.delimiter)


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        total: the number of rows of the input, blank lines among them; None if unknown.
        done: rows with a result, those of earlier runs among them.
        failed: rows with an error.
        running: calls that run.
        concurrency: how many calls may run at once now.
        collecting: jobs of earlier runs that the server may still have, and that are waited for.
    """

    total: int | None
    done: int
    failed: int
    running: int
    concurrency: int
    collecting: int = 0


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """How a batch ended.

    Attributes:
        done: rows with a result.
        failed: rows with an error.
        lost: rows whose outcome is unknown: the app lost their jobs, or an earlier run ended while
            they were under way. They are in the output as errors until `resubmit` calls again for
            them.
        remaining: whether there are rows without an outcome, since the run was stopped or limited.
        called: rows that this run has called the endpoint for.
        collected: rows whose jobs were under way, and whose results this run has collected.
        seconds: how long this run took.
        output: the file with an outcome for each row.
        limit_reached: whether rows are left, or were not called again, because of `limit`.
    """

    done: int
    failed: int
    lost: int
    remaining: bool
    called: int
    collected: int
    seconds: float
    output: Path
    limit_reached: bool = False


def check_folders(batch: Batch) -> None:
    """Check the paths of a batch that has not been begun.

    Raises:
        InvalidInputError: files would replace others, or cannot be written.
    """
    if batch.files_to is not None and batch.files_to.exists():
        if not batch.files_to.is_dir():
            raise InvalidInputError(f"--files-to {batch.files_to} is not a folder")
        if any(batch.files_to.iterdir()):
            raise InvalidInputError(f"--files-to {batch.files_to} is not empty: choose another one")
    failed_rows = batch.failed_rows
    if failed_rows is None:
        return
    of_sqlite = (Path(f"{batch.journal}{suffix}") for suffix in ("", "-wal", "-shm", "-journal"))
    for path in (batch.input, batch.results, *of_sqlite):
        if failed_rows.absolute() == path.absolute():
            raise InvalidInputError(f"the rows that fail would replace {path}: choose another file")
    if failed_rows.exists() and batch.dead_letter is not None:
        raise InvalidInputError(f"--dead-letter {failed_rows} exists: choose another file")
    if batch.dead_letter is not None and not failed_rows.parent.is_dir():
        raise InvalidInputError(f"--dead-letter {failed_rows}: there is no folder for it")
