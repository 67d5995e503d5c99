"""The journal of a batch: a SQLite file that remembers what became of each row."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from spacecall.batch._batch_request import Batch, check_folders
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

State: TypeAlias = Literal["sent", "queued", "done", "failed", "lost"]
"""`sent`: the call was made; `queued`: the server has the job, and there is a ticket for it;
`lost`: a call whose outcome is unknown."""

FORMAT: Final = "1"
_SHAPE: Final = "the shape of "

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS batch (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL, state TEXT NOT NULL, ticket TEXT, record TEXT
);
"""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What the journal has of a row.

    Attributes:
        digest: of the row, to notice that the input has changed.
        state: what became of it.
        ticket: of its job, as JSON; None without one.
    """

    digest: str
    state: State
    ticket: str | None


class RowJournal:
    """The journal of a batch. A process that uses it locks it.

    Every change is written before the next request is sent: a process that is killed loses none.

    Args:
        path: the file.

    Raises:
        InvalidInputError: another batch uses the file, or it is not a journal, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise InvalidInputError(f"cannot open the journal {path}: {error}") from error
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_TABLES)
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._database.close()
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise InvalidInputError(f"cannot open the journal {path}: {error}") from error
            raise InvalidInputError(f"another batch uses {path}: wait until it ends") from error
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise InvalidInputError(f"{path} is not the journal of a batch: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def read_fact(self, name: str) -> str | None:
        """Return what the first run has written of a fact; None before it has."""
        query = "SELECT value FROM batch WHERE name = ?"
        row = self._database.execute(query, (name,)).fetchone()
        return None if row is None else row[0]

    def check(self, facts: Mapping[str, str]) -> None:
        """Compare what this run is to do with the first run, or remember it.

        Args:
            facts: the value of each fact, by a name for messages.

        Raises:
            InvalidInputError: a fact has changed; the message says which.
        """
        stored = dict(self._database.execute("SELECT name, value FROM batch"))
        current = {**facts, "the format of the journal": FORMAT}
        if not stored:
            self._database.executemany("INSERT INTO batch VALUES (?, ?)", current.items())
            return
        # A journal of an earlier release lacks facts that it did not know.
        changes = [name for name in current if stored.get(name, "") != current[name]]
        if "the endpoint" in changes:  # there is nothing to compare its shape with
            changes = [name for name in changes if name in stored]
        if changes:
            shapes = [
                f" (it was {stored[name]}, and is {current[name]})"
                for name in changes
                if name in stored and name.startswith(_SHAPE)
            ]
            raise InvalidInputError(
                f"{' and '.join(changes)} changed since this batch was begun{''.join(shapes)}: "
                f"choose another --output, or delete {self._path} to begin again",
                problems=[f"{name}: {stored.get(name)} is now {current[name]}" for name in changes],
            )

    def find(self, number: int) -> JournalRow | None:
        """Return what the journal has of a row; None if it was not called."""
        query = "SELECT digest, state, ticket FROM rows WHERE number = ?"
        row = self._database.execute(query, (number,)).fetchone()
        return None if row is None else JournalRow(*row)

    def write(
        self,
        number: int,
        digest: str,
        state: State,
        *,
        ticket: str | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the state of a row.

        Args:
            number: of the row, from 0.
            digest: of the row.
            state: what became of it.
            ticket: of its job, as JSON.
            record: its line of the output.

        Raises:
            OSError: the journal cannot be written: the disk is full.
        """
        text = None if record is None else json.dumps(record)  # ASCII: also for lone surrogates
        self._change(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
            (number, digest, state, ticket, text),
        )

    def forget(self, number: int) -> None:
        """Remove a row that the app has not accepted."""
        self._change("DELETE FROM rows WHERE number = ?", (number,))

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise OSError(errno.EIO, f"cannot be written: {error}", str(self._path)) from error

    def count(self) -> dict[str, int]:
        """Return the number of rows by state."""
        return dict(self._database.execute("SELECT state, count(*) FROM rows GROUP BY state"))

    def records(self) -> Iterator[str]:
        """Yield the lines of the output as JSON, in the order of the rows."""
        query = "SELECT record FROM rows WHERE record IS NOT NULL ORDER BY number"
        for (record,) in self._database.execute(query):
            yield record

    def numbers(self, states: Sequence[State]) -> Iterator[int]:
        """Yield the numbers of rows in one of these states, in order."""
        marks = ", ".join("?" * len(states))
        query = f"SELECT number FROM rows WHERE state IN ({marks}) ORDER BY number"  # noqa: S608
        for (number,) in self._database.execute(query, states):
            yield number

    def failed_numbers(self) -> set[int]:
        """Return the numbers of rows with an error."""
        return set(self.numbers(("failed", "lost")))


def open_journal(batch: Batch) -> RowJournal:
    """Open the journal of a batch, or begin one.

    Raises:
        InvalidInputError: the output exists and has no journal, another batch uses it, it cannot
            be opened, or files of the batch would replace others.
    """
    if not batch.journal.exists():
        output = batch.output
        is_taken = any(output.iterdir()) if output.is_dir() else output.exists()
        if is_taken:
            state = "is not empty" if output.is_dir() else "exists"
            raise InvalidInputError(
                f"{output} {state}, and has no journal of a batch: choose another --output"
            )
        check_folders(batch)
    try:
        batch.journal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"cannot open the journal {batch.journal}: {error}") from error
    return RowJournal(batch.journal)


def journal_facts(
    batch: Batch, app: str, endpoint: Endpoint, shape: str, digest: str
) -> dict[str, str]:
    """Return what decides the values of a batch, by a name for messages.

    Args:
        batch: the batch.
        app: the address of the app.
        endpoint: its endpoint.
        shape: the fingerprint of the endpoint.
        digest: of the input.
    """
    return {
        "the app": app,
        f"{_SHAPE}{endpoint.name}": shape,
        "the endpoint": endpoint.name,
        "the input": digest,
        "--map": json.dumps(dict(batch.columns), sort_keys=True),
        "--id": batch.id_column or "",
        "--files-to": str(batch.files or ""),
        "--delimiter": batch.delimiter.replace(",", ""),
    }
