"""Calls over many rows of one app: `RowCalls` gives their outcomes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller
from spacecall._client.calls.queue_call import CallContext
from spacecall._client.calls.queue_job import QueueJob
from spacecall.errors import InvalidInputError
from spacecall.events import Queued, Uploading
from spacecall.rows import RowOutcome, Rows
from spacecall.tickets import Ticket

if TYPE_CHECKING:  # `Space` names `RowCalls`, and most programs call no `map`
    from spacecall._client.calls.row_engine import RowEngine
    from spacecall._client.calls.row_sources import RowCall, RowOptions, RowSource

R = TypeVar("R")
T = TypeVar("T")


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
            BaseException: what the iterable of rows raised; a RuntimeError instead of
                StopAsyncIteration. Both come after the last outcome.
        """
        self._engine.start(self._rows)
        try:
            outcome = await self._engine.next_outcome()
        except StopAsyncIteration as error:  # it would look like the end of the outcomes
            self._engine.close_soon()
            raise RuntimeError("the rows raised StopAsyncIteration") from error
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
    from spacecall._client.calls.row_engine import RowEngine  # noqa: PLC0415 - see above

    source = create_source(context, make_call, options)
    return RowEngine(
        context.connection,
        context.settings,
        options,
        sources=[source],
        lifetime=context.lifetime,
    )


def create_source(
    context: CallContext, make_call: Callable[[R], Call[T]], options: RowOptions
) -> RowSource[R, T]:
    """Return a source of calls; see `create_engine` for the arguments."""
    from spacecall._client.calls.row_sources import RowSource  # noqa: PLC0415 - see above

    # Refused calls are tried again by the engine, which paces all of them.
    retry = replace(context.settings.retry, attempts=1)

    async def perform(row_call: RowCall[R]) -> T:
        try:
            call = make_call(row_call.arguments)
        except TypeError as error:
            raise InvalidInputError(f"the row does not fit: {error}") from error
        call = call.with_options(retry=retry)
        return await run_call(call, row_call.report_rank, shares_stream=row_call.is_expected_short)

    return RowSource(
        context.connection.app_client.base, perform, options.create_pace(context.settings.retry)
    )


def map_method(
    caller: Caller, method: Callable[..., Call[T]], options: RowOptions
) -> RowEngine[Any, T]:
    """Return what calls a method of a typed client of `caller` for each row."""
    context = caller._context  # pyright: ignore[reportPrivateUsage] - of this package
    return create_engine(context, lambda row: method(**row), options)


async def run_call(
    call: Call[T],
    report_rank: Callable[[int], None] | None,
    on_queued: Callable[[Ticket], None] | None = None,
    *,
    shares_stream: bool = False,
) -> T:
    """Make a call and return its result.

    Args:
        call: the call.
        report_rank: takes its first place in the app's queue; None if nobody wants to know it.
        on_queued: takes its ticket as soon as the app has accepted it, unless it has ended by then.
        shares_stream: whether it may share its stream with a few other calls.
    """
    if shares_stream:
        call = call._sharing_stream()  # pyright: ignore[reportPrivateUsage] - of this package
    if report_rank is None and on_queued is None:
        return await call
    async with call as job:
        if on_queued is not None and isinstance(job, QueueJob):
            ticket = await job.wait_queued()
            if ticket is not None:
                on_queued(ticket)
        if report_rank is None:
            return await job.result()
        async for event in job:
            if isinstance(event, Queued):
                report_rank(event.rank or 0)
            if not isinstance(event, Uploading):
                break
        return await job.result()
