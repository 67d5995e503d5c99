"""Errors of the iterable of rows: each comes after the outcomes of the rows before it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import anyio
import pytest

from spacecall import Pool, RowOutcome, Space, SyncSpace
from tests.client.tools import collect, until
from tests.clients.protocol_app_6 import ProtocolApp6
from tests.faults.stub import stub
from tests.faults.tools import DEADLINE, PATIENT, faulty, until_quiet
from tests.servers import AppServer

Row = dict[str, Any]


class OwnError(BaseException):
    """Not an `Exception`."""


ERRORS = [
    SystemExit(5),
    KeyboardInterrupt(),
    GeneratorExit(),
    OwnError("own"),
    asyncio.CancelledError("of the rows"),
    BaseExceptionGroup("two", [OwnError("own"), asyncio.CancelledError()]),
    pytest.fail.Exception("failed"),
    pytest.skip.Exception("skipped"),
    OSError("the disk is gone"),
]

by_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)


def failing(error: BaseException) -> Iterator[Row]:
    yield {"text": "a"}
    yield {"text": "b"}
    raise error


async def failing_async(error: BaseException) -> AsyncGenerator[Row, None]:
    for row in ({"text": "a"}, {"text": "b"}):
        yield row
    raise error


by_kind = pytest.mark.parametrize("make_rows", [failing, failing_async])


class Unreadable:
    """Rows that fail before the first one."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def fail(self) -> NoReturn:
        raise self.error

    def __iter__(self) -> Iterator[Row]:
        self.fail()


class UnreadableAsync(Unreadable):
    """The same, without a thread."""

    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncIterator[Row]:
        self.fail()


async def assert_fails(
    outcomes: AsyncIterator[RowOutcome[Any, Any]], error: BaseException, *values: str
) -> None:
    """Check that the error is raised, itself and once, after the outcomes."""
    seen: list[RowOutcome[Any, Any]] = []
    with pytest.raises(type(error)) as caught:
        await collect(outcomes, seen)
    assert caught.value is error
    assert sorted(outcome.result() for outcome in seen) == list(values)
    assert [outcome async for outcome in outcomes] == []


@by_error
@by_kind
@pytest.mark.parametrize("ordered", [True, False])
async def test_an_error_of_rows_is_raised_unchanged_and_leaves_the_space_and_other_calls_alone(
    make_rows: Callable[[BaseException], Any], error: BaseException, *, ordered: bool
) -> None:
    async with faulty() as (app, space), space.call("/hold", text="y") as held_job:
        await until(lambda: bool(app.asked("data")))
        await assert_fails(space.map("/echo", make_rows(error), ordered=ordered), error, "a", "b")
        assert held_job.event_id is not None
        app.finish(held_job.event_id, ["held"])
        assert await held_job.result() == "held"


@by_error
@pytest.mark.parametrize("rows", [Unreadable, UnreadableAsync])
async def test_an_error_before_the_first_row_is_raised_unchanged(
    rows: Callable[[BaseException], Any], error: BaseException
) -> None:
    async with faulty() as (_, space):
        await assert_fails(space.map("/echo", rows(error)), error)


@by_error
@by_kind
async def test_a_pool_raises_an_error_of_rows_unchanged(
    make_rows: Callable[[BaseException], Any], error: BaseException
) -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app, Pool([app.url]) as pool:
            await assert_fails(pool.map("/echo", make_rows(error)), error, "a", "b")
            assert [row.value async for row in pool.map("/echo", [{"text": "c"}])] == ["c"]


@pytest.mark.parametrize("error", [StopAsyncIteration(), StopIteration()])
@by_kind
async def test_rows_that_raise_the_end_of_another_iterator_do_not_end_in_silence(
    make_rows: Callable[[BaseException], Any], error: BaseException
) -> None:
    async with faulty() as (_, space):
        seen: list[RowOutcome[Any, Any]] = []
        with pytest.raises(RuntimeError, match="raised Stop"):
            await collect(space.map("/echo", make_rows(error)), seen)
        assert sorted(outcome.result() for outcome in seen) == ["a", "b"]


@pytest.mark.parametrize("error", [StopAsyncIteration(), StopIteration()])
@pytest.mark.parametrize("rows", [Unreadable, UnreadableAsync])
async def test_rows_whose_iterator_raises_its_end_do_not_end_in_silence(
    rows: Callable[[BaseException], Any], error: BaseException
) -> None:
    async with faulty() as (_, space):
        with pytest.raises(RuntimeError, match="raised Stop"):
            await anext(space.map("/echo", rows(error)))


@by_kind
async def test_a_typed_map_raises_an_error_of_rows_after_their_outcomes(
    protocol_app_6: AppServer, make_rows: Callable[[BaseException], Any]
) -> None:
    async with Space(protocol_app_6.url) as space:
        client, error = ProtocolApp6(space), SystemExit(5)
        await assert_fails(client.map(client.echo, make_rows(error)), error, "a", "b")
        with pytest.raises(RuntimeError, match="raised Stop"):
            await collect(client.map(client.echo, make_rows(StopAsyncIteration())), [])
        assert await client.echo(text="after") == "after"


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_cancelled_reader_of_rows_is_still_cancelled(*, is_async: bool) -> None:
    proceed = threading.Event()
    closed = anyio.Event()

    def blocked() -> Iterator[Row]:
        yield {"text": "a"}
        proceed.wait(DEADLINE)

    async def blocked_async() -> AsyncGenerator[Row, None]:
        try:
            yield {"text": "a"}
            await anyio.sleep_forever()
        finally:
            closed.set()

    async with faulty(timeouts=replace(PATIENT, cancel=0.05)) as (_, space):
        rows: Any = blocked_async() if is_async else blocked()
        with anyio.CancelScope() as scope:
            async for outcome in space.map("/echo", rows):
                assert outcome.result() == "a"
                scope.cancel()
        assert scope.cancelled_caught
        await until_quiet()
        assert closed.is_set() == is_async
        proceed.set()


@pytest.mark.parametrize(
    "error",
    [error for error in ERRORS if not isinstance(error, KeyboardInterrupt)],
    ids=lambda error: type(error).__name__,
)
def test_a_sync_map_raises_an_error_of_rows_after_their_outcomes_and_unchanged(
    protocol_app_6: AppServer, error: BaseException
) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        outcomes = space.map("/echo", failing(error))
        seen: list[str] = []
        with pytest.raises(type(error)) as caught:
            seen.extend(outcome.result() for outcome in outcomes)
        assert caught.value is error
        assert sorted(seen) == ["a", "b"]
        assert list(outcomes) == []
        assert space.call("/echo", text="after").result() == "after"


def test_an_interrupt_while_a_sync_map_reads_rows_is_raised_at_once(
    protocol_app_6: AppServer,
) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        with pytest.raises(KeyboardInterrupt):
            next(space.map("/echo", failing(KeyboardInterrupt())))
        assert space.call("/echo", text="after").result() == "after"


def test_a_sync_map_that_is_closed_forgets_the_error_of_its_rows(protocol_app_6: AppServer) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        with space.map("/echo", failing(OSError("the disk is gone"))) as outcomes:
            next(outcomes)
        assert list(outcomes) == []


def test_sync_rows_whose_iterator_raises_its_end_do_not_end_in_silence(
    protocol_app_6: AppServer,
) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            list(space.map("/echo", Unreadable(StopIteration())))
        with pytest.raises(StopAsyncIteration):
            list(space.map("/echo", failing(StopAsyncIteration())))
