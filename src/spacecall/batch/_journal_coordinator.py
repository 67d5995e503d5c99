"""The coordinator of a batch on Ray: it also keeps the journal."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spacecall.batch._call_coordinator import CallCoordinator, CallReport, Permit, RowKey
from spacecall.batch._row_journal import RowJournal, State
from spacecall.options import Retry
from spacecall.rows import Concurrency, OnQuota

Claim: TypeAlias = Literal["call", "skip", "lost"]
"""What to do with a row: call for it; nothing, since it has an outcome; or write that its outcome
is unknown."""


@dataclass(frozen=True, slots=True)
class CoordinatorStatus:
    """How far a batch is.

    Attributes:
        done: rows with a result, those of earlier runs among them.
        failed: rows with an error.
        called: rows that were called for.
        running: calls that run.
        limit: how many calls may run at once now.
        failure: the error that ended the batch early.
    """

    done: int
    failed: int
    called: int
    running: int
    limit: int
    failure: Exception | None


class JournalCoordinator(CallCoordinator):
    """Decides when each call of a batch starts, and writes what becomes of it.

    A row is in the journal before its call is made, and its outcome before another call is.

    Args:
        journal: the file.
        resubmit: call again for rows whose outcome is unknown.
        retry_failed: call again for rows that failed in earlier runs.
        max_errors: stop after more failed or lost rows than this; None for no limit.
        concurrency: as of `Space.map`.
        rate: as of `Space.map`.
        on_quota: as of `Space.map`.
        retry: see `CallCoordinator`.
        lease_seconds: see `CallCoordinator`.
    """

    def __init__(
        self,
        *,
        journal: Path,
        resubmit: bool,
        retry_failed: bool,
        max_errors: int | None,
        concurrency: Concurrency,
        rate: float | None,
        on_quota: OnQuota,
        retry: Retry,
        lease_seconds: float,
    ) -> None:
        super().__init__(
            concurrency=concurrency,
            rate=rate,
            on_quota=on_quota,
            retry=retry,
            lease_seconds=lease_seconds,
        )
        self._path = journal
        self._resubmit = resubmit
        self._retry_failed = retry_failed
        self._max_errors = max_errors
        self._journal: RowJournal | None = None
        self._done = 0
        self._failed = 0
        self._failed_before = 0
        self._lost = 0
        self._called: set[int] = set()
        self._retried: set[int] = set()

    async def open(self) -> None:
        """Open the journal, in the thread that uses it.

        Raises:
            InvalidInputError: another process uses it.
        """
        self._journal = RowJournal(self._path)
        counts = self._journal.count()
        self._done, self._failed = counts.get("done", 0), counts.get("failed", 0)
        self._failed_before = self._failed

    async def claim(self, row: RowKey) -> Claim:
        """Return what to do with a row that an actor got."""
        entry = self._opened.find(row.number)
        if entry is None:
            return "call"
        if entry.state == "done":
            return "skip"
        if entry.state == "failed":
            # The task of a node that was lost comes again, with rows that failed in this run.
            if not self._retry_failed or row.number in self._called:
                return "skip"
            if row.number not in self._retried:
                self._retried.add(row.number)
                self._failed -= 1
                self._failed_before -= 1
            return "call"
        if self._resubmit:
            return "call"
        return "skip" if entry.state == "lost" else "lost"

    async def acquire(self, holder: str, row: RowKey | None = None) -> Permit | None:
        """Wait until a call may start, and write that it was sent."""
        permit = await super().acquire(holder, row)
        if permit is not None and row is not None:
            with self._failing():
                self._opened.write(row.number, row.digest, "sent")
                self._called.add(row.number)
                return permit
            self._holders.pop(permit.number, None)
            return None
        return permit

    async def finish(self, permit: Permit, report: CallReport) -> bool:
        """Take note of the end of a call, and write its outcome if it is not made again."""
        again = await super().finish(permit, report)
        if permit.row is not None:
            if again or report.record is None or report.ending == "quota":
                with self._failing():
                    self._opened.forget(permit.row.number)
            else:
                self._lost += report.state == "lost"
                await self.write(permit.row, report.state, report.record)
        return again

    async def write(self, row: RowKey, state: State, record: Mapping[str, Any]) -> None:
        """Write the outcome of a row."""
        with self._failing():
            self._opened.write(row.number, row.digest, state, record=record)
        self._done += state == "done"
        self._failed += state == "failed"
        failed = self._failed - self._failed_before + self._lost
        if self._max_errors is not None and failed > self._max_errors:
            self.stop()

    async def status(self) -> CoordinatorStatus:
        """Return how far the batch is."""
        return CoordinatorStatus(
            done=self._done,
            failed=self._failed,
            called=len(self._called),
            running=len(self._holders),
            limit=self._pace.limit,
            failure=self._failure,
        )

    async def close(self) -> None:
        """Close the journal; no further calls start."""
        self.stop()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    @contextmanager
    def _failing(self) -> Generator[None]:
        """End the batch if the journal cannot be written: the disk is full."""
        try:
            yield
        except OSError as error:
            self.fail(error)

    @property
    def _opened(self) -> RowJournal:
        if self._journal is None:
            raise RuntimeError("the journal is closed")
        return self._journal
