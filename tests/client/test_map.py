"""Calls over many rows of real apps: what is read, called, given, retried and cancelled."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    InvalidInputError,
    JobCancelledError,
    NotFoundError,
    RowOutcome,
    Space,
    SyncSpace,
)
from tests.client.tools import DEADLINE, logged, unique
from tests.clients.protocol_app_6 import ProtocolApp6, SyncProtocolApp6
from tests.servers import AppServer


@pytest.fixture
async def space(protocol_app_6: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(protocol_app_6.url) as space:
        yield space


class CountedRows:
    """Rows without end, which count how many of them were read."""

    def __init__(self, **row: Any) -> None:
        self.row = row
        self.read = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            self.read += 1
            yield self.row


def texts(count: int) -> list[dict[str, Any]]:
    return [{"text": f"row {index}"} for index in range(count)]


@pytest.mark.parametrize("concurrency", ["auto", 3])
async def test_each_row_has_one_outcome(space: Space, concurrency: Any) -> None:
    rows = texts(40)
    outcomes = [outcome async for outcome in space.map("/echo", rows, concurrency=concurrency)]
    assert sorted(outcome.index for outcome in outcomes) == list(range(40))
    for outcome in outcomes:
        assert outcome.row is rows[outcome.index]
        assert outcome.value == outcome.result() == outcome.row["text"]
        assert outcome.error is None
        assert outcome.attempts == 1
        assert outcome.duration > 0
        assert outcome.source == space.url


async def test_outcomes_come_in_the_order_of_the_rows_if_asked_for(space: Space) -> None:
    rows = [{"seconds": seconds} for seconds in (0.6, 0.1, 0.3, 0.0)]
    ordered = space.map("/slow_many", rows, concurrency=4, ordered=True)
    assert [outcome.index async for outcome in ordered] == [0, 1, 2, 3]
    unordered = space.map("/slow_many", rows, concurrency=4)
    assert [outcome.index async for outcome in unordered] == [3, 1, 2, 0]


async def test_rows_come_from_an_async_iterable(space: Space) -> None:
    async def rows() -> AsyncGenerator[dict[str, Any], None]:
        for row in texts(5):
            await anyio.lowlevel.checkpoint()
            yield row

    outcomes = [outcome async for outcome in space.map("/echo", rows(), ordered=True)]
    assert [outcome.value for outcome in outcomes] == [row["text"] for row in texts(5)]


async def test_an_async_generator_of_rows_is_closed_when_the_map_is(space: Space) -> None:
    closed = anyio.Event()

    async def rows() -> AsyncGenerator[dict[str, Any], None]:
        try:
            while True:
                yield {"text": "a"}
        finally:
            await anyio.lowlevel.checkpoint()
            closed.set()

    async with space.map("/echo", rows()) as outcomes:
        await anext(outcomes)
    assert closed.is_set()


async def test_no_rows_have_no_outcomes(space: Space) -> None:
    assert [outcome async for outcome in space.map("/echo", texts(0))] == []


async def test_an_outcome_is_given_while_the_next_row_is_awaited(space: Space) -> None:
    first_seen = anyio.Event()

    async def rows() -> AsyncGenerator[dict[str, Any], None]:
        yield {"text": "first"}
        await first_seen.wait()
        yield {"text": "second"}

    with anyio.fail_after(DEADLINE):
        values: list[Any] = []
        async for outcome in space.map("/echo", rows()):
            values.append(outcome.value)
            first_seen.set()
    assert values == ["first", "second"]


@pytest.mark.parametrize(("ordered", "rows_per_call"), [(False, 2), (True, 4)])
async def test_a_slow_consumer_of_endless_rows_has_a_few_rows_in_memory(
    space: Space, *, ordered: bool, rows_per_call: int
) -> None:
    rows = CountedRows(text="x")
    async with space.map("/echo", rows, concurrency=3, ordered=ordered) as outcomes:
        for outcomes_read in range(1, 30):
            await anext(outcomes)
            await space.call("/echo", text="the consumer takes its time")
            assert rows.read <= outcomes_read + rows_per_call * 3
            assert outcomes.running <= outcomes.concurrency == 3


async def test_a_dict_that_the_rows_use_again_is_sent_as_it_was_read(space: Space) -> None:
    def rows() -> Iterator[dict[str, str]]:
        row: dict[str, str] = {}
        for index in range(8):
            row["text"] = f"row {index}"
            yield row

    outcomes = [outcome async for outcome in space.map("/echo", rows(), ordered=True)]
    assert [outcome.value for outcome in outcomes] == [f"row {index}" for index in range(8)]


async def test_a_single_row_is_not_taken_for_rows(space: Space) -> None:
    for rows in ({"text": "x"}, "x", b"x"):
        with pytest.raises(TypeError, match=r"rows must be a collection, .*write \[…\]"):
            space.map("/echo", rows)  # type: ignore[type-var]


async def test_leaving_the_loop_cancels_what_runs_on_the_server(
    space: Space, protocol_app_6: AppServer
) -> None:
    seconds = unique(60)
    rows: list[dict[str, float]] = [{"seconds": 0}, {"seconds": seconds}]
    async for outcome in space.map("/slow_many", rows, concurrency=2):
        assert outcome.index == 0
        await logged(protocol_app_6, f"slow_async start {seconds}")
        break
    gc.collect()
    await logged(protocol_app_6, f"slow_async cancelled {seconds}")


async def test_an_error_in_the_loop_cancels_what_runs_on_the_server(
    space: Space, protocol_app_6: AppServer
) -> None:
    seconds = unique(60)
    rows: list[dict[str, float]] = [{"seconds": 0}, {"seconds": seconds}]

    async def fail_in_the_loop() -> None:
        async for _ in space.map("/slow_many", rows, concurrency=2):
            await logged(protocol_app_6, f"slow_async start {seconds}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_in_the_loop()
    gc.collect()
    await logged(protocol_app_6, f"slow_async cancelled {seconds}")


async def test_leaving_the_block_waits_until_the_calls_are_cancelled(
    space: Space, protocol_app_6: AppServer
) -> None:
    seconds = unique(60)
    async with space.map("/slow_many", [{"seconds": seconds}]) as outcomes:
        with anyio.move_on_after(1):
            await anext(outcomes)
        assert outcomes.running in (0, 1)
    assert outcomes.running == 0
    await logged(protocol_app_6, f"slow_async cancelled {seconds}")
    assert [outcome async for outcome in outcomes] == []


async def test_a_map_whose_space_is_closed_ends_with_an_error(protocol_app_6: AppServer) -> None:
    seconds = unique(60)
    async with Space(protocol_app_6.url) as space:
        outcomes = space.map("/slow_many", CountedRows(seconds=seconds), concurrency=2)
        with anyio.move_on_after(0.5):
            await anext(outcomes)
    outcomes = space.map("/slow_many", CountedRows(seconds=seconds), concurrency=2)
    with pytest.raises(RuntimeError, match="closed"):
        await anext(outcomes)


async def test_closing_the_space_ends_a_map_that_is_read(protocol_app_6: AppServer) -> None:
    rows = CountedRows(seconds=unique(60))
    async with Space(protocol_app_6.url) as space:
        outcomes = space.map("/slow_many", rows, concurrency=2)
        outcomes._engine.start(rows)
        await logged(protocol_app_6, f"slow_async start {rows.row['seconds']}")
    with pytest.raises(JobCancelledError), anyio.fail_after(DEADLINE):
        await anext(outcomes)


async def test_a_row_that_does_not_fit_is_an_error_of_that_row(space: Space) -> None:
    rows: list[Any] = [{"text": "a"}, {"txet": "b"}, None, {1: "c"}, {"text": "d"}]
    outcomes = [outcome async for outcome in space.map("/echo", rows, ordered=True)]
    assert [outcome.value for outcome in outcomes] == ["a", None, None, None, "d"]
    for outcome in outcomes[1:4]:
        assert isinstance(outcome.error, InvalidInputError)
        assert outcome.error.status is None, "nothing was sent"
        with pytest.raises(InvalidInputError):
            outcome.result()


async def test_an_app_that_fails_is_an_error_of_the_row(space: Space) -> None:
    (outcome,) = [outcome async for outcome in space.map("/fail", [{"text": "no"}])]
    assert isinstance(outcome.error, AppError)
    assert outcome.attempts == 1


async def test_an_unknown_endpoint_is_an_error_of_each_row(space: Space) -> None:
    outcomes = [outcome async for outcome in space.map("/nowhere", texts(2))]
    assert all(isinstance(outcome.error, NotFoundError) for outcome in outcomes)


@pytest.mark.parametrize("ordered", [True, False])
async def test_an_error_of_the_rows_comes_after_the_outcomes_of_the_rows_before_it(
    space: Space, *, ordered: bool
) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"text": "a"}
        yield {"text": "b"}
        raise OSError("the disk is gone")

    outcomes = space.map("/echo", rows(), ordered=ordered)
    values = {(await anext(outcomes)).value, (await anext(outcomes)).value}
    assert values == {"a", "b"}
    with pytest.raises(OSError, match="the disk is gone"):
        await anext(outcomes)
    assert [outcome async for outcome in outcomes] == []


async def test_a_rate_limits_the_starts_of_calls(space: Space) -> None:
    start = anyio.current_time()
    async for _ in space.map("/echo", texts(5), rate=10):
        pass
    assert anyio.current_time() - start >= 0.4


async def test_nothing_is_read_or_sent_before_the_first_outcome_is_asked_for(space: Space) -> None:
    rows = CountedRows(text="x")
    outcomes = space.map("/echo", rows)
    await space.call("/echo", text="a")
    assert rows.read == 0
    await outcomes.aclose()
    assert [outcome async for outcome in outcomes] == []


async def test_options_are_checked(space: Space) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        space.map("/echo", [], concurrency=0)
    with pytest.raises(ValueError, match="rate"):
        space.map("/echo", [], rate=0)
    with pytest.raises(ValueError, match="on_quota"):
        space.map("/echo", [], on_quota="ignore")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="concurency"):
        space.map("/echo", [], concurency=3)  # type: ignore[call-arg]


async def test_typed_clients_map_their_methods(space: Space) -> None:
    client = ProtocolApp6(space)
    outcomes = [outcome async for outcome in client.map(client.echo, texts(3), ordered=True)]
    assert [outcome.value for outcome in outcomes] == ["row 0", "row 1", "row 2"]
    (wrong,) = [outcome async for outcome in client.map(client.echo, [{"txet": "x"}])]
    assert isinstance(wrong.error, InvalidInputError)


def test_maps_without_async(protocol_app_6: AppServer) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        outcomes: list[RowOutcome[Any, Any]] = list(space.map("/echo", texts(20), ordered=True))
        assert [outcome.value for outcome in outcomes] == [row["text"] for row in texts(20)]
        client = SyncProtocolApp6(space)
        values = {outcome.result() for outcome in client.map(client.echo, texts(20), concurrency=4)}
        assert values == {row["text"] for row in texts(20)}
        (wrong,) = client.map(client.echo, [{"txet": "x"}])
        assert isinstance(wrong.error, InvalidInputError)


def test_endless_rows_without_async_are_read_as_outcomes_are(protocol_app_6: AppServer) -> None:
    rows = CountedRows(text="x")
    with SyncSpace(protocol_app_6.url) as space:
        with space.map("/echo", rows, concurrency=3) as outcomes:
            for outcomes_read in range(1, 30):
                next(outcomes)
                assert rows.read <= outcomes_read + 6
                assert outcomes.running <= outcomes.concurrency == 3
        assert list(outcomes) == []


def test_rows_without_async_may_fail_and_may_make_calls(protocol_app_6: AppServer) -> None:
    with SyncSpace(protocol_app_6.url) as space:

        def rows() -> Iterator[dict[str, Any]]:
            yield {"text": space.call("/echo", text="inner").result()}
            raise OSError("the disk is gone")

        outcomes = space.map("/echo", rows())
        assert next(outcomes).value == "inner"
        with pytest.raises(OSError, match="the disk is gone"):
            next(outcomes)


async def test_leaving_the_loop_without_async_cancels_what_runs(protocol_app_6: AppServer) -> None:
    seconds = unique(60)
    rows: list[dict[str, float]] = [{"seconds": 0}, {"seconds": seconds}]
    with SyncSpace(protocol_app_6.url) as space:
        for _ in space.map("/slow_many", rows, concurrency=2):
            await logged(protocol_app_6, f"slow_async start {seconds}")
            break
        gc.collect()
        await logged(protocol_app_6, f"slow_async cancelled {seconds}")
