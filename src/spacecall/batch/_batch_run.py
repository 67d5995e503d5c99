"""Run a batch: call for the rows that have no outcome yet, and write all outcomes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio
from anyio.lowlevel import checkpoint

from spacecall._client.calls.caller import find_endpoint
from spacecall._client.calls.row_calls import RowCalls, run_call
from spacecall._client.calls.row_engine import RowEngine
from spacecall._client.calls.row_sources import RowCall, RowOptions, RowSource
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._client.space import SpaceView
from spacecall._core.fingerprint import fingerprints
from spacecall.batch._batch_request import Batch, BatchProgress, BatchSummary
from spacecall.batch._result_files import write_failed_rows, write_results
from spacecall.batch._result_folder import replace_files
from spacecall.batch._row_arguments import RowArguments, default_error_record, to_reference
from spacecall.batch._row_files import (
    InputRow,
    count_rows,
    digest_file,
    read_rows,
    to_json_value,
)
from spacecall.batch._row_journal import JournalRow, RowJournal, journal_facts, open_journal
from spacecall.endpoints import Endpoint
from spacecall.errors import (
    AppError,
    DeadlineError,
    InvalidInputError,
    JobLostError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
    StatusError,
    TransportError,
    UnsupportedProtocolError,
)
from spacecall.files import File
from spacecall.tickets import Ticket

_SECONDS_PER_REPORT: Final = 1.0
_ROWS_PER_CHECKPOINT: Final = 200

_LOST: Final = "the outcome of the row is unknown, since the connection to its job was lost"


@dataclass(frozen=True, slots=True)
class _PendingRow:
    """A row without an outcome; `entry` is what an earlier run has left of it."""

    row: InputRow
    entry: JournalRow | None


async def run_batch(
    space: SpaceView,
    batch: Batch,
    *,
    on_progress: Callable[[BatchProgress], object] | None = None,
    stop: anyio.Event | None = None,
    load_files: Callable[[Endpoint, dict[str, Any]], dict[str, Any]] | None = None,
    describe_error: Callable[[Exception], Mapping[str, Any]] = default_error_record,
) -> BatchSummary:
    """Call an endpoint for each row of a file, and write an outcome for each row.

    A run that was interrupted, even by `kill -9`, is continued by the next one: rows with an
    outcome are not called again. Jobs that were under way are collected where the server still has
    them.

    Args:
        space: an open Space.
        batch: the rows and the outputs.
        on_progress: called every second, and at the end.
        stop: set it to start no further calls. Those that run are finished.
        load_files: opens the files that arguments name, by default those that `Space.call` opens.
        describe_error: returns the members of an error in the output.

    Raises:
        InvalidInputError: the input, the endpoint or an option does not fit the batch, or has
            changed since the batch was begun.
        NotFoundError: the app has no such endpoint.
        QuotaExceededError: the quota is used up, and `on_quota` is "stop".
        OSError: an output cannot be written.
    """
    context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
    endpoint = await find_endpoint(context.connection, batch.endpoint)
    shape = fingerprints(context.connection.app, [endpoint.name]).get(endpoint.name, "")
    arguments = RowArguments(batch, endpoint)
    digest, lines = digest_file(batch.input)
    journal = open_journal(batch)
    try:
        journal.check(journal_facts(batch, space.url, endpoint, shape, digest))
        run = _BatchRun(space, batch, endpoint, arguments, journal, count_rows(batch.input, lines))
        run.load_files, run.describe_error = load_files, describe_error
        try:
            return await run.run(on_progress, stop)
        finally:
            write_results(batch.results, journal.records, endpoint)
            if batch.failed_rows is not None:
                write_failed_rows(batch.failed_rows, batch.input, journal.failed_numbers())
    finally:
        journal.close()


class _BatchRun:
    """One run of a batch."""

    def __init__(
        self,
        space: SpaceView,
        batch: Batch,
        endpoint: Endpoint,
        arguments: RowArguments,
        journal: RowJournal,
        total: int | None,
    ) -> None:
        self.load_files: Callable[[Endpoint, dict[str, Any]], dict[str, Any]] | None = None
        self.describe_error: Callable[[Exception], Mapping[str, Any]] = default_error_record
        self._context = space._context  # pyright: ignore[reportPrivateUsage]
        # Refused calls are tried again by the engine.
        retry = replace(self._context.settings.retry, attempts=1)
        self._space = space.with_options(retry=retry)
        self._batch = batch
        self._endpoint = endpoint
        self._arguments = arguments
        self._journal = journal
        self._total = total
        self._detaches = endpoint.queued
        self._called = 0
        self._collected = 0
        self._done = 0
        self._failed = 0
        self._rows_read = 0
        self._all_rows_read = False
        options = RowOptions(
            concurrency=batch.concurrency,
            ordered=False,
            rate=batch.rate,
            on_quota=batch.on_quota,
        )
        pace = options.create_pace(self._context.settings.retry)
        self._engine: RowEngine[_PendingRow, None] = RowEngine(
            self._context.connection,
            self._context.settings,
            options,
            sources=[RowSource(space.url, self._perform, pace)],
            lifetime=self._context.lifetime,
        )

    async def run(
        self, on_progress: Callable[[BatchProgress], object] | None, stop: anyio.Event | None
    ) -> BatchSummary:
        """Call for all rows without an outcome."""
        start = anyio.current_time()
        counts = self._journal.count()
        self._done, self._failed = counts.get("done", 0), counts.get("failed", 0)
        failed_before = self._failed

        async def report() -> None:
            while on_progress is not None:
                on_progress(self._progress())
                await anyio.sleep(_SECONDS_PER_REPORT)

        async def await_stop(event: anyio.Event) -> None:
            await event.wait()
            self._engine.stop()

        async with unwrapping_task_group() as group:
            group.start_soon(report)
            if stop is not None:
                group.start_soon(await_stop, stop)
            async with RowCalls(self._engine, self._pending_rows()) as outcomes:
                async for outcome in outcomes:
                    self._take(outcome.row.row, outcome.error, failed_before)
        if on_progress is not None:
            on_progress(self._progress())
        counts = self._journal.count()
        finished = sum(counts.get(state, 0) for state in ("done", "failed", "lost"))
        return BatchSummary(
            done=counts.get("done", 0),
            failed=counts.get("failed", 0),
            lost=counts.get("lost", 0),
            remaining=not self._all_rows_read or self._rows_read > finished,
            called=self._called,
            collected=self._collected,
            seconds=anyio.current_time() - start,
            output=self._batch.results,
        )

    def _progress(self) -> BatchProgress:
        return BatchProgress(
            total=self._total,
            done=self._done,
            failed=self._failed,
            running=self._engine.running,
            concurrency=self._engine.concurrency,
        )

    async def _pending_rows(self) -> AsyncGenerator[_PendingRow, None]:
        for row in read_rows(self._batch.input):
            if row.number % _ROWS_PER_CHECKPOINT == 0:
                await checkpoint()
            self._rows_read += 1
            entry = self._journal.find(row.number)
            if entry is not None and entry.digest != row.digest:
                raise InvalidInputError(f"row {row.number} of the input has changed")
            finished = ("done", "failed") if self._batch.resubmit else ("done", "failed", "lost")
            if entry is None or entry.state not in finished:
                yield _PendingRow(row, entry)
        self._all_rows_read = True

    def _take(self, row: InputRow, error: Exception | None, failed_before: int) -> None:
        """Take note of an outcome that the journal does not have: a call that was refused."""
        is_recorded = self._journal.find(row.number) is not None
        if error is not None and not is_recorded and not isinstance(error, QuotaExceededError):
            self._write_error(row, error, 1, 0.0)
        max_errors = self._batch.max_errors
        if max_errors is not None and self._failed - failed_before > max_errors:
            self._engine.stop()

    async def _perform(self, row_call: RowCall[_PendingRow]) -> None:
        row = row_call.row.row
        start = anyio.current_time()
        try:
            value = await self._call(row_call)
            value = await self._save_files(row, value)
        except Exception as error:
            if _is_refused(error):
                self._journal.forget(row.number)
                row_call.row = _PendingRow(row, None)
            elif not (isinstance(error, TransportError) and self._has_ticket(row)):
                self._write_error(row, error, row_call.attempts, anyio.current_time() - start)
            raise
        except BaseException:  # the job was cancelled, on the server too
            self._journal.forget(row.number)
            raise
        record = self._record(row, row_call.attempts, anyio.current_time() - start)
        record["value"] = to_json_value(value)
        self._journal.write(row.number, row.digest, "done", record=record)
        self._done += 1

    def _has_ticket(self, row: InputRow) -> bool:
        entry = self._journal.find(row.number)
        return entry is not None and entry.ticket is not None

    async def _call(self, row_call: RowCall[_PendingRow]) -> Any:
        entry = row_call.row.entry
        if entry is not None and entry.state == "queued" and entry.ticket is not None:
            try:
                value = await self._collect(entry.ticket, row_call)
            except JobLostError:
                if not self._batch.resubmit:
                    raise
            else:
                self._collected += 1
                return value
        elif entry is not None and not self._batch.resubmit:
            raise JobLostError(_LOST)
        for _ in range(self._batch.retries):
            try:
                return await self._submit(row_call)
            except QuotaExceededError:
                raise
            except (AppError, DeadlineError):
                row_call.attempts += 1
        return await self._submit(row_call)

    async def _submit(self, row_call: RowCall[_PendingRow]) -> Any:
        row = row_call.row.row
        arguments = self._arguments.bind(row)
        if self.load_files is not None:
            arguments = self.load_files(self._endpoint, arguments)
        self._journal.write(row.number, row.digest, "sent")
        self._called += row_call.attempts == 1
        if self._detaches:
            try:
                ticket = await self._space.call(self._endpoint.name, **arguments).detach()
            except UnsupportedProtocolError:
                self._detaches = False
            else:
                text = ticket.to_json()
                self._journal.write(row.number, row.digest, "queued", ticket=text)
                return await self._collect(text, row_call)
        call = self._space.call(self._endpoint.name, **arguments)
        return await run_call(call, row_call.report_rank)

    async def _collect(self, ticket: str, row_call: RowCall[_PendingRow]) -> Any:
        """Wait for a job that the app has accepted: no error means that it was not."""
        call = self._space.collect(Ticket.from_json(ticket))
        try:
            return await run_call(call, row_call.report_rank)
        except JobLostError as error:
            raise JobLostError(f"{_LOST}: {error.message}") from error
        except TransportError as error:
            error.sent = True
            raise

    async def _save_files(self, row: InputRow, value: Any) -> Any:
        """Save the files in a result, and return it with their paths, or with their addresses."""
        folder, count = self._batch.files, 0

        async def save(file: File) -> str | None:
            nonlocal count
            if folder is None:
                return file.url
            folder.mkdir(parents=True, exist_ok=True)
            number = f"{row.number}-{count}" if count else f"{row.number}"
            count += 1
            path = await file.save(folder / f"{number}-{file.name}")
            return to_reference(path, self._batch.results.parent)

        return await replace_files(value, save)

    def _record(self, row: InputRow, attempts: int, duration: float) -> dict[str, Any]:
        return self._arguments.record(
            row, attempts=attempts, duration=duration, source=self._space.url
        )

    def _write_error(self, row: InputRow, error: Exception, attempts: int, duration: float) -> None:
        record = self._record(row, attempts, duration)
        record["error"] = dict(self.describe_error(error))
        is_lost = _is_of_unknown_outcome(error)
        self._journal.write(row.number, row.digest, "lost" if is_lost else "failed", record=record)
        self._failed += not is_lost


def _is_refused(error: Exception) -> bool:
    """Return whether the app has not accepted the call, or has not worked on it for its quota."""
    if isinstance(error, TransportError):
        return not error.sent
    if isinstance(error, JobLostError):
        return error.safe_to_retry
    return isinstance(error, QueueFullError | RateLimitedError | QuotaExceededError)


def _is_of_unknown_outcome(error: Exception) -> bool:
    if isinstance(error, StatusError):
        return error.status is not None and error.status >= 500
    return isinstance(error, JobLostError | TransportError)
