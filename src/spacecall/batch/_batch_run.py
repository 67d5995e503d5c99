"""Run a batch: call for the rows that have no outcome yet, and write all outcomes."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from spacecall._atomic import remove_parts
from spacecall._client.calls.row_calls import RowCalls, run_call
from spacecall._client.calls.row_engine import RowEngine
from spacecall._client.calls.row_sources import RowCall, RowOptions
from spacecall._client.concurrency.iterable_thread import IterableThread
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._client.space import SpaceView
from spacecall._option_checks import checked_call
from spacecall.batch._batch_apps import BatchApps
from spacecall.batch._batch_request import Batch, BatchProgress, BatchSummary, row_file
from spacecall.batch._input_version import InputVersion
from spacecall.batch._result_files import write_failed_rows, write_results
from spacecall.batch._result_folder import replace_files
from spacecall.batch._row_arguments import RowArguments, default_error_record, to_reference
from spacecall.batch._row_files import (
    InputRow,
    check_rows,
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
    SpaceError,
    StatusError,
    TransportError,
)
from spacecall.files import File
from spacecall.pool import Pool
from spacecall.rows import RowOutcome
from spacecall.tickets import Ticket

_SECONDS_PER_REPORT: Final = 1.0
_ROWS_AHEAD: Final = 16
_CLOSE_SECONDS: Final = 3.0
_PATIENCE: Final = 3600.0

_LOST: Final = "the outcome of the row is unknown, since the connection to its job was lost"


@checked_call
async def run_batch(
    space: SpaceView | Pool,
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
        space: an open Space, or an open pool. The next run may use another pool, if it has the
            app of the first run.
        batch: the rows and the outputs.
        on_progress: called every second, and at the end.
        stop: set it to start no further calls. Those that run are finished.
        load_files: opens the files that arguments name, by default those that `Space.call` opens.
        describe_error: returns the members of an error in the output.

    Raises:
        TypeError: an argument is of the wrong type.
        InvalidInputError: the input, the endpoint or an option does not fit the batch, or has
            changed since the batch was begun; or the input changes while it runs. Calls that run
            are finished before.
        NotFoundError: the app has no such endpoint.
        QuotaExceededError: the quota is used up, and `on_quota` is "stop".
        OSError: an output cannot be written.
    """
    apps = await BatchApps.find(space, batch.endpoint)
    arguments = RowArguments(batch, apps.endpoint)
    file = row_file(batch)
    version = await anyio.to_thread.run_sync(InputVersion, file, abandon_on_cancel=True)
    if not batch.journal.exists():
        await anyio.to_thread.run_sync(check_rows, file, abandon_on_cancel=True)
    journal = open_journal(batch)
    try:
        app = apps.identify(journal.read_fact("the app"))
        journal.check(journal_facts(batch, app, apps.endpoint, apps.shape, version.digest))
        if batch.files is not None:
            remove_parts(batch.files)
        run = _BatchRun(apps, batch, arguments, journal, version)
        run.load_files, run.describe_error = load_files, describe_error
        try:
            return await run.run(on_progress, stop)
        finally:
            write_results(batch.results, journal.records, apps.endpoint)
            if batch.failed_rows is not None:
                write_failed_rows(batch.failed_rows, version, journal.failed_numbers())
    finally:
        journal.close()


class _BatchRun:
    """One run of a batch."""

    def __init__(
        self,
        apps: BatchApps,
        batch: Batch,
        arguments: RowArguments,
        journal: RowJournal,
        version: InputVersion,
    ) -> None:
        self.load_files: Callable[[Endpoint, dict[str, Any]], dict[str, Any]] | None = None
        self.describe_error: Callable[[Exception], Mapping[str, Any]] = default_error_record
        self._apps = apps
        self._batch = batch
        self._endpoint = apps.endpoint
        self._arguments = arguments
        self._journal = journal
        self._version = version
        self._called = 0
        self._collected = 0
        self._done = 0
        self._failed = 0
        self._lost = 0
        self._failed_before = 0
        self._rows_read = 0
        self._rows_begun = 0
        self._all_rows_read = False
        self._limit_reached = False
        self._collecting = 0
        self._uncollected: deque[InputRow] = deque()
        self._collected_one = anyio.Event()
        options = RowOptions(
            concurrency=batch.concurrency,
            ordered=False,
            rate=batch.rate,
            on_quota=batch.on_quota,
            patience=_PATIENCE,
        )
        self._engine: RowEngine[InputRow, None] = apps.create_engine(options, self._perform)

    async def run(
        self, on_progress: Callable[[BatchProgress], object] | None, stop: anyio.Event | None
    ) -> BatchSummary:
        """Call for all rows without an outcome."""
        start = anyio.current_time()
        counts = self._journal.count()
        self._done, self._failed = counts.get("done", 0), counts.get("failed", 0)
        self._failed_before = self._failed

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
            async with RowCalls(self._engine, self._pending_rows(group)) as outcomes:
                async for outcome in outcomes:
                    self._take(outcome)
            while self._collecting:  # after a stop
                await self._collected_one.wait()
        if on_progress is not None:
            on_progress(self._progress())
        await anyio.to_thread.run_sync(self._version.check)
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
            limit_reached=self._limit_reached,
        )

    def _progress(self) -> BatchProgress:
        return BatchProgress(
            total=self._version.total,
            done=self._done,
            failed=self._failed,
            running=self._engine.running,
            concurrency=self._engine.concurrency,
            collecting=self._collecting,
        )

    async def _pending_rows(self, group: TaskGroup) -> AsyncGenerator[InputRow, None]:
        """Yield the rows to call for; tasks of the group wait for jobs of earlier runs."""
        async with aclosing(self._read_rows()) as rows:
            async for row in rows:
                if not self._begin(row, group):
                    continue
                if self._limit_reached:
                    break
                yield row
            else:
                self._all_rows_read = not self._version.has_changed()
        while self._collecting or self._uncollected:
            if self._uncollected:
                yield self._uncollected.popleft()
            else:
                await self._collected_one.wait()

    def _begin(self, row: InputRow, group: TaskGroup) -> bool:
        """Return whether to call for a row; with `_limit_reached`, the run ends before it."""
        self._rows_read += 1
        entry = self._journal.find(row.number)
        if entry is not None and entry.digest != row.digest:
            raise InvalidInputError(f"row {row.number} of the input has changed")
        if entry is not None and not self._is_pending(row, entry):
            return False
        if self._rows_begun == self._batch.limit:
            self._limit_reached = True
            return True
        self._rows_begun += 1
        if entry is not None and entry.state == "queued" and entry.ticket is not None:
            self._collecting += 1
            group.start_soon(self._collect, row, Ticket.from_json(entry.ticket))
            return False
        if entry is not None and entry.state == "failed":
            self._failed -= 1
            self._failed_before -= 1
        return True

    async def _read_rows(self) -> AsyncGenerator[InputRow, None]:
        """Yield the rows of the input, which a thread reads."""
        thread = IterableThread(self._version.rows(), lambda row: row)
        try:
            while rows := await thread.take(_ROWS_AHEAD):
                for row in rows:
                    yield row
        finally:
            await thread.aclose(_CLOSE_SECONDS)

    def _take(self, outcome: RowOutcome[InputRow, None]) -> None:
        """Take note of an outcome that the journal does not have, such as of a refused call."""
        row, error = outcome.row, outcome.error
        if error is not None and not self._engine.stopped:
            entry = self._journal.find(row.number)
            if entry is None or entry.state in ("sent", "queued"):
                self._write_error(row, error, outcome.source, outcome.attempts, outcome.duration)
            self._lost += _is_of_unknown_outcome(error)
        self._check_errors()

    def _check_errors(self) -> None:
        """Stop if more rows failed in this run than may."""
        max_errors = self._batch.max_errors
        if max_errors is not None and self._failed - self._failed_before + self._lost > max_errors:
            self._engine.stop()

    def _is_pending(self, row: InputRow, entry: JournalRow) -> bool:
        """Return whether to call or collect a row that an earlier run has begun."""
        if entry.state == "done":
            return False
        if entry.state == "failed":
            return self._batch.retry_failed
        if self._batch.resubmit or (entry.state == "queued" and entry.ticket is not None):
            return True
        if entry.state != "lost":
            self._write_error(row, JobLostError(_LOST), self._apps.url, 1, 0.0)
        return False

    async def _collect(self, row: InputRow, ticket: Ticket) -> None:
        """Write the result of a job that an earlier run has left, if the server still has it.

        If it has not, the row is lost, or is called again with `resubmit`. That takes a while to
        find out, in which the calls of other rows go on.
        """
        start = anyio.current_time()
        try:
            await self._collect_result(row, ticket, start)
        except TransportError:
            pass  # the next run collects it
        except JobLostError as error:
            if self._batch.resubmit:
                self._uncollected.append(row)
            else:
                lost = JobLostError(f"{_LOST}: {error.message}")
                self._write_error(row, lost, ticket.space, 1, anyio.current_time() - start)
        except SpaceError as error:
            self._write_error(row, error, ticket.space, 1, anyio.current_time() - start)
        except Exception as error:  # noqa: BLE001 - such as a full disk: it ends the run
            self._engine.stop(error)
        finally:
            self._collecting -= 1
            self._check_errors()
            self._collected_one.set()
            self._collected_one = anyio.Event()

    async def _collect_result(self, row: InputRow, ticket: Ticket, start: float) -> None:
        space = self._apps.get(ticket.space)
        if space is None:
            raise JobLostError(f"{ticket.space} is not used any more")
        value = await self._save_files(row, await run_call(space.collect(ticket), None))
        self._write_value(row, value, ticket.space, 1, anyio.current_time() - start)
        self._collected += 1

    async def _perform(self, space: SpaceView, row_call: RowCall[InputRow]) -> None:
        row = row_call.row
        start = anyio.current_time()

        def duration() -> float:
            return anyio.current_time() - start

        try:
            value = await self._save_files(row, await self._call(space, row_call))
            self._write_value(row, value, space.url, row_call.attempts, duration())
        except Exception as error:
            if _is_of_disk(error):
                self._engine.stop(error)  # the next run counts the row as lost
            elif _is_refused(error):
                self._journal.forget(row.number)
            else:
                self._write_error(row, error, space.url, row_call.attempts, duration())
            raise

    async def _call(self, space: SpaceView, row_call: RowCall[InputRow]) -> Any:
        for _ in range(self._batch.retries):
            try:
                return await self._submit(space, row_call)
            except QuotaExceededError:
                raise
            except (AppError, DeadlineError):
                row_call.attempts += 1
        return await self._submit(space, row_call)

    async def _submit(self, space: SpaceView, row_call: RowCall[InputRow]) -> Any:
        row = row_call.row
        arguments = self._arguments.load(row, self.load_files)
        self._journal.write(row.number, row.digest, "sent")
        self._called += row_call.attempts == 1

        def write_ticket(ticket: Ticket) -> None:
            self._journal.write(row.number, row.digest, "queued", ticket=ticket.to_json())

        call = space.call(self._endpoint.name, **arguments)
        return await run_call(
            call, row_call.report_rank, write_ticket, shares_stream=row_call.is_expected_short
        )

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
            try:
                path = await file.save(folder / f"{number}-{file.name}")
            except SpaceError as error:
                raise AppError(f"the file {file.name!r} of the result: {error.message}") from error
            return to_reference(path, self._batch.results.parent)

        return await replace_files(value, save)

    def _record(self, row: InputRow, url: str, attempts: int, duration: float) -> dict[str, Any]:
        return self._arguments.record(row, attempts=attempts, duration=duration, source=url)

    def _write_value(
        self, row: InputRow, value: Any, url: str, attempts: int, duration: float
    ) -> None:
        record = self._record(row, url, attempts, duration)
        record["value"] = to_json_value(value)
        self._journal.write(row.number, row.digest, "done", record=record)
        self._done += 1

    def _write_error(
        self, row: InputRow, error: Exception, url: str, attempts: int, duration: float
    ) -> None:
        record = self._record(row, url, attempts, duration)
        record["error"] = dict(self.describe_error(error))
        is_lost = _is_of_unknown_outcome(error)
        self._journal.write(row.number, row.digest, "lost" if is_lost else "failed", record=record)
        self._failed += not is_lost


def _is_of_disk(error: Exception) -> bool:
    """Return whether the journal or a file of a result cannot be written."""
    return isinstance(error, OSError) and not isinstance(error, SpaceError)


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
