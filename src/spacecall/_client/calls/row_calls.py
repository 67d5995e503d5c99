"""Calls over many rows: read rows, call, and give the outcomes, each as fast as the other."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

import anyio

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller
from spacecall._client.calls.queue_call import CallContext
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._core.call_pace import CallPace
from spacecall._core.retry_delays import backoff
from spacecall._io.event_loops import call_soon, running_loop
from spacecall.errors import (
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
    TransportError,
)
from spacecall.events import Queued, Uploading
from spacecall.rows import Concurrency, OnQuota, RowOutcome, Rows

R = TypeVar("R")
T = TypeVar("T")

QUOTA_PAUSE: Final = 300.0
"""Seconds to wait for a ZeroGPU quota if the app does not say when it is restored."""


@dataclass(slots=True, eq=False)
class RowCall(Generic[R]):
    """A row whose outcome is not there yet.

    Attributes:
        report_rank: takes the first place of the row's call in the app's queue; None if nobody
            wants to know it.
    """

    index: int
    row: R
    attempts: int = 0
    report_rank: Callable[[int], None] | None = None


Perform: TypeAlias = Callable[[RowCall[R]], Awaitable[T]]
"""Makes the call of a row and returns its result."""


class NeedsRow(Enum):
    """The type of `NEEDS_ROW`."""

    NEEDS_ROW = "NEEDS_ROW"


NEEDS_ROW: Final = NeedsRow.NEEDS_ROW
"""`RowEngine.next_step` returns it if there is room for another row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """The options of `Space.map`."""

    concurrency: Concurrency
    ordered: bool
    rate: float | None
    on_quota: OnQuota

    def __post_init__(self) -> None:
        if isinstance(self.concurrency, int) and self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1 or 'auto', got {self.concurrency!r}")
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate must be more than 0 calls per second, got {self.rate!r}")


class RowEngine(Generic[R, T]):
    """Makes the calls of rows. It runs in a task of the Space.

    At most twice as many rows as calls may run at once are here at a time: waiting, running, or
    with an outcome that was not read. In the order of the rows it is four times as many, so that a
    slow call does not stop the others.

    Args:
        context: of the calls.
        perform: makes the call of a row.
        options: those of the map.
    """

    def __init__(self, context: CallContext, perform: Perform[R, T], options: RowOptions) -> None:
        self._context = context
        self._perform = perform
        self._options = options
        concurrency = options.concurrency if isinstance(options.concurrency, int) else None
        self._follows_app = concurrency is None
        self._retry = context.settings.retry
        self._pace = CallPace(concurrency, options.rate, self._retry)
        self._window = 4 if options.ordered else 2
        self._scope = anyio.CancelScope()
        self._changed = anyio.Event()
        self._loop: object = None
        self._waiting: deque[RowCall[R]] = deque()
        self._outcomes: dict[int, RowOutcome[R, T]] = {}
        self._running = 0
        self._rows_read = 0
        self._next_index = 0
        self._exhausted = False
        self._completed = False
        self._ended = False
        self._failure: BaseException | None = None

    @property
    def concurrency(self) -> int:
        """How many calls may run at once now."""
        return self._pace.limit

    @property
    def running(self) -> int:
        """How many calls run now."""
        return self._running

    def start(self, rows: Rows[R] | None = None) -> None:
        """Start, if that has not been done.

        Args:
            rows: what to read; None if `next_step` asks for each row.
        """
        if self._loop is not None or self._ended:
            return
        connection = self._context.connection
        connection.check_open()
        connection.link.check_loop()
        self._loop = running_loop()
        connection.tasks.start_soon(self._run, rows)

    async def _run(self, rows: Rows[R] | None) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    if rows is not None:
                        group.start_soon(self._read, rows)
                    await self._start_calls(group)
                    self._completed = True
                    group.cancel_scope.cancel()  # after a stop, the rows are not read any more
        finally:
            if not self._completed:
                self._failure = JobCancelledError("the map was closed before its last row")
            self._ended = True
            self._notify()

    async def _read(self, rows: Rows[R]) -> None:
        try:
            if isinstance(rows, AsyncIterable):
                await self._read_async(rows)
            else:
                for row in rows:
                    await self._put_when_free(row)
                    if self._exhausted:  # a stop
                        return
        except Exception as error:  # noqa: BLE001 - raised where the outcomes are read
            self._failure = self._failure or error
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
                seconds = self._context.settings.timeouts.cancel
                with anyio.move_on_after(seconds, shield=True):
                    await rows.aclose()

    async def _put_when_free(self, row: R) -> None:
        self._put(row)
        while not self._has_room and not self._exhausted:
            await self._change()

    def _put(self, row: R) -> None:
        if not self._exhausted:
            self._waiting.append(RowCall(self._rows_read, row))
            self._rows_read += 1
            self._notify()

    def finish(self, error: Exception | None = None) -> None:
        """Take note that there are no further rows, since the input ended or failed."""
        self._failure = self._failure or error
        self._exhausted = True
        self._notify()

    def stop(self, error: Exception | None = None) -> None:
        """Start no further calls; those that run go on."""
        self._waiting.clear()
        self.finish(error)

    @property
    def _has_room(self) -> bool:
        rows = len(self._waiting) + self._running + len(self._outcomes)
        return rows < self._window * self._pace.limit

    @property
    def _is_finished(self) -> bool:
        return self._exhausted and not self._waiting and not self._running

    async def _start_calls(self, group: anyio.abc.TaskGroup) -> None:
        while not self._is_finished:
            now = anyio.current_time()
            if not self._waiting or self._running >= self._pace.limit:
                await self._change()
            elif now < self._pace.next_start:
                with anyio.CancelScope(deadline=self._pace.next_start):
                    await self._change()
            else:
                row_call = self._waiting.popleft()
                self._running += 1
                group.start_soon(self._call, row_call, self._pace.start(now))

    async def _call(self, row_call: RowCall[R], call_round: int) -> None:
        start = anyio.current_time()
        row_call.attempts += 1
        if self._follows_app:
            row_call.report_rank = partial(self._pace.queue, call_round)

        def fail(error: Exception) -> None:
            if self._context.connection.closed:
                self._scope.cancel()
            elif not self._try_again(row_call, call_round, error):
                self._add(row_call, start, None, error)

        try:
            with redirect_errors(fail):
                value = await self._perform(row_call)
                self._pace.succeed(call_round, saturated=self._running >= self._pace.limit)
                self._add(row_call, start, value, None)
        finally:
            self._running -= 1
            self._notify()

    def _add(
        self, row_call: RowCall[R], start: float, value: T | None, error: Exception | None
    ) -> None:
        self._outcomes[row_call.index] = RowOutcome(
            index=row_call.index,
            row=row_call.row,
            value=value,
            error=error,
            attempts=row_call.attempts,
            duration=anyio.current_time() - start,
            source=self._context.connection.link.base,
        )

    def _try_again(self, row_call: RowCall[R], call_round: int, error: Exception) -> bool:
        """Return whether the call is made again: only if the app has not accepted it."""
        now = anyio.current_time()
        if isinstance(error, QueueFullError | RateLimitedError):
            tries_again = self._pace.refuse(call_round, now, error.retry_after)
        elif isinstance(error, QuotaExceededError):
            tries_again = self._options.on_quota == "wait"
            if tries_again:
                self._pace.pause(now + (error.retry_after or QUOTA_PAUSE))
            else:
                self.stop(error)
        else:
            tries_again = _is_unsent(error) and row_call.attempts < self._retry.attempts
            if tries_again:
                self._pace.pause(now + backoff(self._retry, row_call.attempts))
        if tries_again:
            self._waiting.appendleft(row_call)
        return tries_again

    async def next_outcome(self) -> RowOutcome[R, T] | None:
        """Return the next outcome, or None after the last one.

        Raises:
            Exception: what ended the map early, after the outcomes of the calls that ran.
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
            if takes_row and not self._exhausted and self._has_room and not self._waiting:
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
            if takes_row and not self._exhausted and self._has_room:
                return NEEDS_ROW
            await self._change()

    async def put(self, row: R) -> RowOutcome[R, T] | NeedsRow | None:
        """Put a row, and return the next step."""
        self._put(row)
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


class RowCalls(AsyncIterator[RowOutcome[R, T]], Generic[R, T]):
    """The calls of a map: iterate over their outcomes; see `Space.map`.

    `async with` cancels what runs before the block ends. Without it, the calls are cancelled in the
    background when you leave the loop.
    """

    def __init__(self, engine: RowEngine[R, T], rows: Rows[R]) -> None:
        self._engine = engine
        self._rows = rows

    @property
    def concurrency(self) -> int:
        """How many calls may run at once now."""
        return self._engine.concurrency

    @property
    def running(self) -> int:
        """How many calls run now."""
        return self._engine.running

    async def __anext__(self) -> RowOutcome[R, T]:
        """Return the next outcome.

        Raises:
            QuotaExceededError: the quota is used up, and `on_quota` is "stop".
            Exception: what the iterable of rows raised. Both come after the last outcome.
        """
        self._engine.start(self._rows)
        try:
            outcome = await self._engine.next_outcome()
        except BaseException:
            self._engine.close_soon()
            raise
        if outcome is None:
            raise StopAsyncIteration
        return outcome

    async def aclose(self) -> None:
        """Cancel the calls that run, here and on the server. Closing twice does nothing."""
        await self._engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._engine.close_soon()


def create_engine(
    context: CallContext, make_call: Callable[[R], Call[T]], options: RowOptions
) -> RowEngine[R, T]:
    """Return what makes a call for each row.

    Args:
        context: of the calls.
        make_call: makes the call of a row, whenever it is tried.
        options: those of the map.
    """
    # Refused calls are tried again by the engine, which paces all of them.
    retry = replace(context.settings.retry, attempts=1)

    async def perform(row_call: RowCall[R]) -> T:
        try:
            call = make_call(row_call.row)
        except TypeError as error:
            raise InvalidInputError(f"the row does not fit: {error}") from error
        return await run_call(call.with_options(retry=retry), row_call.report_rank)

    return RowEngine(context, perform, options)


def map_method(
    caller: Caller, method: Callable[..., Call[T]], options: RowOptions
) -> RowEngine[Any, T]:
    """Return what calls a method of a typed client of `caller` for each row."""
    context = caller._context  # pyright: ignore[reportPrivateUsage] - of this package
    return create_engine(context, lambda row: method(**row), options)


async def run_call(call: Call[T], report_rank: Callable[[int], None] | None) -> T:
    """Make a call and return its result.

    Args:
        call: the call.
        report_rank: takes its first place in the app's queue; None if nobody wants to know it.
    """
    if report_rank is None:
        return await call
    async with call as job:
        async for event in job:
            if isinstance(event, Queued):
                report_rank(event.rank or 0)
            if not isinstance(event, Uploading):
                break
        return await job.result()


def _is_unsent(error: Exception) -> bool:
    if isinstance(error, TransportError):
        return not error.sent
    return isinstance(error, JobLostError) and error.safe_to_retry
