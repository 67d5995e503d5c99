"""Call the endpoint of an app, or of several, for each row: as fast as rows and apps are."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from copy import copy
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import anyio

from spacecall._client.calls.row_sources import (
    RowCall,
    RowHost,
    RowOptions,
    RowSource,
    has_other,
    is_unsent,
)
from spacecall._client.concurrency.iterable_thread import IterableThread
from spacecall._client.concurrency.lifetime import Lifetime
from spacecall._client.concurrency.task_errors import is_cancellation, redirect_errors
from spacecall._io.event_loops import call_soon, running_loop
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    JobCancelledError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
)
from spacecall.rows import RowOutcome, Rows

R = TypeVar("R")
T = TypeVar("T")

QUOTA_PAUSE: Final = 300.0
"""Seconds to wait for a ZeroGPU quota if the app does not say when it is restored."""


class NeedsRow(Enum):
    """The type of `NEEDS_ROW`."""

    NEEDS_ROW = "NEEDS_ROW"


NEEDS_ROW: Final = NeedsRow.NEEDS_ROW
"""`RowEngine.next_step` returns it if there is room for another row."""


class RowEngine(Generic[R, T]):
    """Makes the calls of rows. It runs in a task of its host.

    At most twice as many rows as calls may run at once are here at a time: waiting, running, or
    with an outcome that was not read. In the order of the rows it is four times as many, so that a
    slow call does not stop the others.

    Args:
        host: the open Space or pool.
        settings: its options.
        options: those of the map.
        sources: where the calls run.
        late_sources: further ones. An error that it raises ends the map.
        lifetime: of the host, which is closed when nothing refers to it.
    """

    def __init__(
        self,
        host: RowHost,
        settings: Settings,
        options: RowOptions,
        *,
        sources: Sequence[RowSource[R, T]] = (),
        late_sources: AsyncGenerator[RowSource[R, T], None] | None = None,
        lifetime: Lifetime[Any] | None = None,
    ) -> None:
        self._host = host
        self._lifetime = lifetime
        self._settings = settings
        self._options = options
        self._sources = list(sources)
        self._late_sources = late_sources
        self._follows_app = options.concurrency == "auto"
        self._window = 4 if options.ordered else 2
        self._scope = anyio.CancelScope()
        self._changed = anyio.Event()
        self._loop: object = None
        self._waiting: deque[RowCall[R]] = deque()
        self._outcomes: dict[int, RowOutcome[R, T]] = {}
        self._running = 0
        self._results = 0
        self._last_result = 0.0
        self._rows_read = 0
        self._next_index = 0
        self._exhausted = False
        self._stopped = False
        self._completed = False
        self._ended = False
        self._failure: BaseException | None = None

    @property
    def concurrency(self) -> int:
        """How many calls may run at once now."""
        return sum(source.pace.limit for source in self._sources if not source.stopped)

    @property
    def running(self) -> int:
        """How many calls run now."""
        return self._running

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before the last row."""
        return self._stopped

    def start(self, rows: Rows[R] | None = None) -> None:
        """Start, if that has not been done.

        Args:
            rows: what to read; None if `next_step` asks for each row.
        """
        if self._loop is not None or self._ended:
            return
        self._host.check_open()
        self._loop = running_loop()
        self._host.tasks.start_soon(self._run, rows)

    async def _run(self, rows: Rows[R] | None) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    if rows is not None:
                        group.start_soon(self._read, rows)
                    if self._late_sources is not None:
                        group.start_soon(self._add_sources, self._late_sources)
                    await self._start_calls(group)
                    self._completed = True
                    group.cancel_scope.cancel()  # after a stop, the rows are not read any more
        finally:
            if not self._completed:
                self._failure = JobCancelledError("the map was closed before its last row")
            self._ended = True
            self._notify()

    async def _add_sources(self, sources: AsyncGenerator[RowSource[R, T], None]) -> None:
        try:
            async with aclosing(sources):
                async for source in sources:
                    self._sources.append(source)
                    self._notify()
        except Exception as error:  # noqa: BLE001 - raised where the outcomes are read
            self.stop(error)

    async def _read(self, rows: Rows[R]) -> None:
        try:
            if isinstance(rows, AsyncIterable):
                await self._read_async(rows)
            elif type(rows) in (list, tuple):  # those never block
                for row in rows:
                    await self._put_when_free(row)
                    if self._exhausted:  # a stop
                        return
            else:
                await self._read_in_thread(rows)
        except BaseException as error:
            if is_cancellation(error):
                raise
            self._failure = self._failure or error  # raised where the outcomes are read
        finally:
            self.finish()

    async def _read_async(self, rows: AsyncIterable[R]) -> None:
        try:
            async for row in rows:
                await self._put_when_free(row)
                if self._exhausted:
                    return
        finally:
            if isinstance(rows, AsyncGenerator):
                seconds = self._settings.timeouts.cancel
                with anyio.move_on_after(seconds, shield=True):
                    await rows.aclose()

    async def _read_in_thread(self, rows: Iterable[R]) -> None:
        thread = IterableThread(rows, lambda row: (row, _copy_arguments(row)))
        try:
            while not self._exhausted and (prepared := await thread.take(max(1, self._room))):
                for row, arguments in prepared:
                    self._put(row, arguments)
                while self._room <= 0 and not self._exhausted:
                    await self._change()
        finally:
            await thread.aclose(self._settings.timeouts.cancel)

    async def _put_when_free(self, row: R) -> None:
        self._put(row, _copy_arguments(row))
        while self._room <= 0 and not self._exhausted:
            await self._change()

    def _put(self, row: R, arguments: R) -> None:
        if not self._exhausted:
            self._waiting.append(RowCall(self._rows_read, row, arguments))
            self._rows_read += 1
            self._notify()

    def finish(self, error: Exception | None = None) -> None:
        """Take note that there are no further rows, since the input ended or failed."""
        self._failure = self._failure or error
        self._exhausted = True
        self._notify()

    def stop(self, error: Exception | None = None) -> None:
        """Start no further calls; those that run go on. Refused calls are not made again."""
        self._stopped = True
        self._waiting.clear()
        self.finish(error)

    @property
    def _room(self) -> int:
        """How many more rows may be here."""
        rows = len(self._waiting) + self._running + len(self._outcomes)
        return self._window * self.concurrency - rows

    @property
    def _is_finished(self) -> bool:
        return self._exhausted and not self._waiting and not self._running

    async def _start_calls(self, group: anyio.abc.TaskGroup) -> None:
        while not self._is_finished:
            source = self._least_loaded() if self._waiting else None
            if source is None:
                await self._change()
            elif (now := anyio.current_time()) < source.pace.next_start:
                with anyio.CancelScope(deadline=source.pace.next_start):
                    await self._change()
            else:
                row_call = self._waiting.popleft()
                self._running += 1
                call_round = source.start(row_call, now, reports_rank=self._follows_app)
                group.start_soon(self._call, row_call, source, call_round)

    def _least_loaded(self) -> RowSource[R, T] | None:
        """Return the source of the next call, or the one that can take it first."""
        now = anyio.current_time()
        return min(
            (source for source in self._sources if source.has_room),
            key=lambda source: (max(source.pace.next_start, now), source.load),
            default=None,
        )

    async def _call(self, row_call: RowCall[R], source: RowSource[R, T], call_round: int) -> None:
        start = anyio.current_time()
        if not row_call.attempts:
            row_call.first_start, row_call.results_before = start, self._results
        row_call.attempts += 1

        def fail(error: Exception) -> None:
            if self._host.closed:
                self._scope.cancel()
            elif not self._try_again(row_call, source, call_round, error):
                self._add(row_call, source, start, None, error)

        try:
            with redirect_errors(fail):
                value = await source.perform(row_call)
                self._results += 1
                self._last_result = anyio.current_time()
                source.succeed(call_round, anyio.current_time() - start)
                self._add(row_call, source, start, value, None)
        finally:
            source.running -= 1
            self._running -= 1
            self._notify()

    def _add(
        self,
        row_call: RowCall[R],
        source: RowSource[R, T],
        start: float,
        value: T | None,
        error: Exception | None,
    ) -> None:
        self._outcomes[row_call.index] = RowOutcome(
            index=row_call.index,
            row=row_call.row,
            value=value,
            error=error,
            attempts=row_call.attempts,
            duration=anyio.current_time() - start,
            source=source.url,
        )

    def _try_again(
        self, row_call: RowCall[R], source: RowSource[R, T], call_round: int, error: Exception
    ) -> bool:
        """Return whether the call is made again: only if the app has not accepted it."""
        now = anyio.current_time()
        has_others = has_other(self._sources, source)
        if isinstance(error, QueueFullError | RateLimitedError):
            is_refused = True
            tries_again = source.pace.refuse(call_round, now, error.retry_after) or has_others
        elif isinstance(error, QuotaExceededError):
            if self._options.on_quota == "wait":
                source.pace.pause(now + (error.retry_after or QUOTA_PAUSE))
            else:
                source.stopped = True
            is_refused = False
            tries_again = not all(source.stopped for source in self._sources)
            if not tries_again:
                self.stop(error)
        else:
            source.fail(call_round, now, error, self._results)
            is_last = row_call.attempts >= self._settings.retry.attempts
            is_refused = is_unsent(error)
            tries_again = is_refused and (has_others or not is_last)
        if is_refused and not tries_again and self._is_outage(row_call, error):
            start = max(row_call.first_start, self._last_result)
            tries_again = now - start < self._options.patience
            if not tries_again:
                self.stop(error)
        if tries_again and not self._stopped:
            self._waiting.appendleft(row_call)
        return tries_again and not self._stopped

    def _is_outage(self, row_call: RowCall[R], error: Exception) -> bool:
        """Return whether the error says nothing of the row: no other row has a result either."""
        is_of_app = isinstance(error, QueueFullError | RateLimitedError)
        has_result = row_call.results_before != self._results
        return self._options.patience > 0 and (is_of_app or not has_result)

    async def next_outcome(self) -> RowOutcome[R, T] | None:
        """Return the next outcome, or None after the last one.

        Raises:
            BaseException: what ended the map early, after the outcomes of the calls that ran.
        """
        while True:
            step = await self.next_step(takes_row=False)
            if not isinstance(step, NeedsRow):
                return step

    async def next_step(self, *, takes_row: bool) -> RowOutcome[R, T] | NeedsRow | None:
        """Return `NEEDS_ROW` if a row can be put, otherwise as `next_outcome`.

        Args:
            takes_row: whether the caller has rows to put.
        """
        while True:
            if takes_row and not self._exhausted and self._room > 0 and not self._waiting:
                return NEEDS_ROW
            outcome = self._pop()
            if outcome is not None:
                self._notify()
                return outcome
            if self._ended:
                failure, self._failure = self._failure, None
                if failure is not None:
                    raise failure
                return None
            if takes_row and not self._exhausted and self._room > 0:
                return NEEDS_ROW
            await self._change()

    async def put(self, row: R) -> RowOutcome[R, T] | NeedsRow | None:
        """Put a row, and return the next step."""
        self._put(row, _copy_arguments(row))
        return await self.next_step(takes_row=True)

    def _pop(self) -> RowOutcome[R, T] | None:
        if not self._options.ordered:
            index = next(iter(self._outcomes), -1)
        elif self._ended:  # rows that were not called have no outcome
            index = min(self._outcomes, default=-1)
        else:
            index = self._next_index
        outcome = self._outcomes.pop(index, None)
        if outcome is not None:
            self._next_index = outcome.index + 1
        return outcome

    async def close(self) -> None:
        """Cancel the calls that run, here and on the server, and wait until that is done."""
        if self._loop is None:
            self._ended = True
            return
        self._scope.cancel()
        while not self._ended:
            await self._change()
        self._outcomes.clear()
        self._failure = None

    def close_soon(self) -> None:
        """Cancel the calls that run without waiting; any thread may call this."""
        if self._loop is not None and not self._ended:
            call_soon(self._loop, self._scope.cancel)

    async def _change(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def _copy_arguments(row: R) -> R:
    """Return the row as it is now: a generator may change its only dict."""
    return copy(row) if issubclass(type(row), dict) else row
