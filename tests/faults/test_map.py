"""Calls over many rows of an app that refuses some of them."""

from __future__ import annotations

import itertools
from typing import Any

import anyio
import pytest

from spacecall import (
    JobLostError,
    QueueFullError,
    QuotaExceededError,
    Retry,
    RowOutcome,
    TransportError,
)
from tests.client.tools import collect
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Stub, cut
from tests.faults.test_joins import FULL, refusing
from tests.faults.tools import faulty

QUICK = Retry(attempts=3, wait_initial=0.01, wait_max=0.02)
QUOTA = "You have exceeded your GPU quota (60s requested vs. 0s left). Try again in 0:00:01"


def texts(count: int) -> list[dict[str, Any]]:
    return [{"text": f"row {index}"} for index in range(count)]


def failing_job(app: Stub, error: str) -> Handler:
    """A fault: the job is accepted and fails with this text."""

    async def join(exchange: Exchange) -> None:
        event_id = await app.accept(exchange)
        session = app.session_of(event_id)
        session.messages[-1].update(success=False, output={"error": error})
        await exchange.answer(200, {"event_id": event_id})

    return join


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("concurrency", ["auto", 4])
async def test_a_refused_call_is_made_again(status: int, concurrency: Any) -> None:
    async with faulty(retry=QUICK) as (app, space):
        app.once("join", *[refusing(status, FULL) for _ in range(6)])
        outcomes = space.map("/echo", texts(20), concurrency=concurrency, ordered=True)
        values = [outcome.value async for outcome in outcomes]
        assert values == [row["text"] for row in texts(20)]
        assert len(app.asked("join")) == 26


async def test_a_retry_after_holds_for_every_call() -> None:
    async with faulty(retry=QUICK) as (app, space):
        app.once("join", refusing(429, {"detail": "slow down"}, retry_after="1"))
        start = anyio.current_time()
        attempts = {}
        async for outcome in space.map("/echo", texts(8), concurrency=1):
            attempts[outcome.index] = outcome.attempts
            assert anyio.current_time() - start >= 1
        assert attempts == {0: 2, **dict.fromkeys(range(1, 8), 1)}


async def test_the_concurrency_rises_with_results_and_falls_when_the_queue_is_full() -> None:
    async with faulty(retry=QUICK) as (app, space), space.map("/echo", texts(60)) as outcomes:
        for _ in range(20):
            await anext(outcomes)
        risen = outcomes.concurrency
        assert risen > 4
        app.once("join", refusing(503, FULL))
        while outcomes.concurrency >= risen:
            await anext(outcomes)


async def test_an_app_that_refuses_everything_is_an_error_of_the_row() -> None:
    async with faulty(retry=QUICK) as (app, space):
        app.always("join", refusing(503, FULL))
        (outcome,) = [outcome async for outcome in space.map("/echo", texts(1))]
        assert isinstance(outcome.error, QueueFullError)
        assert outcome.attempts == 9


async def test_a_call_that_may_have_been_accepted_is_not_made_again() -> None:
    async with faulty(retry=QUICK) as (app, space):
        app.always("join", cut)
        (outcome,) = [outcome async for outcome in space.map("/echo", texts(1))]
        assert isinstance(outcome.error, TransportError | JobLostError)
        assert outcome.attempts == 1


async def test_the_map_waits_until_the_quota_is_restored() -> None:
    async with faulty(retry=QUICK) as (app, space):
        app.once("join", failing_job(app, QUOTA))
        start = anyio.current_time()
        (outcome,) = [outcome async for outcome in space.map("/echo", texts(1))]
        assert outcome.value == "row 0"
        assert outcome.attempts == 2
        assert anyio.current_time() - start >= 1


@pytest.mark.parametrize("ordered", [True, False])
async def test_the_map_stops_when_the_quota_is_used_up_if_asked_for(*, ordered: bool) -> None:
    async with faulty(retry=QUICK) as (app, space):
        endless = ({"text": f"row {index}"} for index in itertools.count())
        outcomes = space.map("/echo", endless, concurrency=1, ordered=ordered, on_quota="stop")
        first = await anext(outcomes)
        app.always("join", failing_job(app, QUOTA))
        assert first.value == "row 0"
        seen: list[RowOutcome[Any, Any]] = []
        with pytest.raises(QuotaExceededError):
            await collect(outcomes, seen)
        assert isinstance(seen[-1].error, QuotaExceededError)
        assert len(app.asked("join")) == 1 + len(seen)
        assert [outcome async for outcome in outcomes] == []
