"""Make the calls of rows as a coordinator allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio

from spacecall._client.calls.row_calls import run_call
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.space import SpaceView
from spacecall.batch._call_coordinator import CallReport, Pacer, Permit, RowKey, report_error
from spacecall.batch._result_folder import ResultFolder, replace_files
from spacecall.errors import AppError, DeadlineError, QuotaExceededError
from spacecall.files import File


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What became of a call.

    Attributes:
        value: the result, with paths or addresses in the place of files.
        error: why the call failed; None if it has a result.
        attempts: how often the call was made.
        duration: seconds of the last attempt.
    """

    value: Any
    error: Exception | None
    attempts: int
    duration: float


class PacedCaller:
    """Calls one endpoint of a Space.

    Args:
        space: an open Space.
        endpoint: the endpoint's name.
        pacer: says when a call may start.
        max_calls: how many calls run at once here.
        retries: how often a call is made again that the app failed for.
        folder: for files of results; None to return their addresses.
    """

    def __init__(
        self,
        space: SpaceView,
        endpoint: str,
        pacer: Pacer,
        *,
        max_calls: int,
        retries: int,
        folder: ResultFolder | None,
    ) -> None:
        context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
        # The coordinator decides whether a refused call is made again.
        retry = replace(context.settings.retry, attempts=1)
        self._space = space.with_options(retry=retry)
        self._endpoint = endpoint
        self._pacer = pacer
        self._limiter = anyio.CapacityLimiter(max_calls)
        self._retries = retries
        self._folder = folder

    async def call(
        self,
        arguments: Mapping[str, Any],
        *,
        row: RowKey | None = None,
        describe: Callable[[CallOutcome], Mapping[str, Any]] | None = None,
    ) -> CallOutcome | None:
        """Make the call of a row, as often as the coordinator wants.

        Args:
            arguments: by name.
            row: its row; None without a journal.
            describe: returns the record of an outcome for the journal.

        Returns:
            None if no further calls start.
        """
        async with self._limiter:
            attempts = 0
            while (permit := await self._pacer.acquire(row)) is not None:
                attempts += 1
                outcome = await self._try(arguments, permit, attempts)
                record = None
                tries_again = attempts <= self._retries and _is_failure_of_app(outcome.error)
                if describe is not None and not tries_again:
                    record = describe(outcome)
                if outcome.error is None:
                    report = CallReport("result", attempts, record=record)
                else:
                    report = report_error(outcome.error, attempts, record)
                if not await self._pacer.finish(permit, report) and not tries_again:
                    return outcome
            return None

    async def _try(
        self, arguments: Mapping[str, Any], permit: Permit, attempts: int
    ) -> CallOutcome:
        start = anyio.current_time()
        outcomes: list[CallOutcome] = []

        def add(value: Any, error: Exception | None) -> None:
            outcomes.append(CallOutcome(value, error, attempts, anyio.current_time() - start))

        with redirect_errors(partial(add, None)):
            call = self._space.call(self._endpoint, **arguments)
            value = await run_call(call, partial(self._pacer.report_rank, permit))
            stem = "" if permit.row is None else str(permit.row.number)
            add(await self._save_files(value, stem), None)
        return outcomes[0]

    async def _save_files(self, value: Any, stem: str) -> Any:
        folder, count = self._folder, 0

        async def save(file: File) -> str | None:
            nonlocal count
            if folder is None:
                return file.url
            number = f"{stem}-{count}" if stem and count else stem
            count += 1
            return await folder.save(file, number)

        return await replace_files(value, save)


def _is_failure_of_app(error: Exception | None) -> bool:
    return isinstance(error, AppError | DeadlineError) and not isinstance(error, QuotaExceededError)
