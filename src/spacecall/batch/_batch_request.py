"""What a batch is to do, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacecall._client.calls.row_sources import check_pace
from spacecall._option_checks import checked_class
from spacecall.errors import InvalidInputError
from spacecall.rows import Concurrency, OnQuota

__all__ = ["Batch", "BatchProgress", "BatchSummary"]

INPUT_SUFFIXES = (".jsonl", ".csv", ".parquet")
OUTPUT_SUFFIXES = (".jsonl", ".parquet")


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows to call an endpoint for, and where the outcomes go.

    Attributes:
        endpoint: the endpoint's name.
        input: a file of rows: .jsonl, .csv or .parquet.
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

    Raises:
        TypeError: an attribute is of the wrong type.
        ValueError: a number is out of its range.
        InvalidInputError: the input or the output has another suffix.
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

    def __post_init__(self) -> None:
        check_pace(self.concurrency, self.rate)
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, got {self.retries!r}")
        if self.max_errors is not None and self.max_errors < 0:
            raise ValueError(f"max_errors must be at least 0, got {self.max_errors!r}")
        if self.input.suffix.lower() not in INPUT_SUFFIXES:
            raise InvalidInputError(
                f"the input {str(self.input)!r} must end in .jsonl, .csv or .parquet"
            )
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


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        total: the number of rows of the input, blank lines among them; None if unknown.
        done: rows with a result, those of earlier runs among them.
        failed: rows with an error.
        running: calls that run.
        concurrency: how many calls may run at once now.
    """

    total: int | None
    done: int
    failed: int
    running: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """How a batch ended.

    Attributes:
        done: rows with a result.
        failed: rows with an error.
        lost: rows whose outcome is unknown: the app lost their jobs, or an earlier run ended while
            they were under way. They are in the output as errors until `resubmit` calls again for
            them.
        remaining: whether there are rows without an outcome, since the run was stopped.
        called: rows that this run has called the endpoint for.
        collected: rows whose jobs were under way, and whose results this run has collected.
        seconds: how long this run took.
        output: the file with an outcome for each row.
    """

    done: int
    failed: int
    lost: int
    remaining: bool
    called: int
    collected: int
    seconds: float
    output: Path


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
    for path in (batch.input, batch.results, batch.journal):
        if failed_rows.absolute() == path.absolute():
            raise InvalidInputError(f"the rows that fail would replace {path}: choose another file")
    if failed_rows.exists() and batch.dead_letter is not None:
        raise InvalidInputError(f"--dead-letter {failed_rows} exists: choose another file")
    if batch.dead_letter is not None and not failed_rows.parent.is_dir():
        raise InvalidInputError(f"--dead-letter {failed_rows}: there is no folder for it")
