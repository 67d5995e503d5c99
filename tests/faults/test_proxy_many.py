"""Many calls at once over connections that break at random: each ends once, and rightly."""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from spacecall import (
    Call,
    Completed,
    Event,
    JobLostError,
    Limits,
    Retry,
    Space,
    Timeouts,
    TransportError,
)
from tests.client.tools import collect
from tests.faults.proxy import At, Ending, Fault, Proxy
from tests.faults.proxy_tools import ONCE, spoilt
from tests.servers import AppServer

CALLERS = 40
AGAIN = Retry(attempts=3, wait_initial=0.01, resubmit_lost=50)
LONG = Timeouts(connect=60, queue=60, run=60, idle=60, cancel=5)


def sharing(
    server: AppServer, *, max_streams: int, retry: Retry = ONCE
) -> AbstractAsyncContextManager[tuple[Proxy, Space]]:
    """The proxy and a Space behind it whose calls share so many streams."""
    return spoilt(server, timeouts=LONG, retry=retry, limits=Limits(max_streams=max_streams))


def cutting(way: Proxy, seed: int, share: float, path: str) -> None:
    """Cut this share of the requests whose path contains `path`, mostly at an early byte."""
    rng = random.Random(seed)

    def choose(target: str) -> Fault | None:
        if path not in target or rng.random() > share:
            return None
        at = At(int(2 ** (rng.random() * 10)) - 1)
        ending = rng.choice([Ending.CLOSE, Ending.RESET])
        if rng.random() < 0.2:
            return Fault(request=at, ending=ending)
        return Fault(answer=at, ending=ending)

    way.choose = choose


async def end_of(call: Call[str], value: str) -> str:
    """How a call ends: with its value, told once and last, or with an error and no value."""
    events: list[Event[str]] = []
    async with call as job:
        try:
            await collect(job, events)
        except (TransportError, JobLostError) as error:
            with pytest.raises(type(error)):
                await job.result()
            assert not any(isinstance(event, Completed) for event in events)
            return type(error).__name__ if error.sent else "not sent"
        assert await job.result() == value
        assert [event.value for event in events if isinstance(event, Completed)] == [value]
        assert isinstance(events[-1], Completed)
        assert [event async for event in job] == []
    return "value"


async def ends_of(space: Space, server: AppServer, *, calls: int) -> list[tuple[str, int]]:
    """How each of so many calls ends, and how often the app ran it."""
    before = len(server.log())
    ends: list[tuple[float, str]] = []
    waiting = iter(range(1, calls + 1))

    async def caller() -> None:
        for number in waiting:
            seconds = number / 100_000
            call = space.call("/slow_many", seconds=seconds)
            ends.append((seconds, await end_of(call, f"slept {seconds}")))

    async with anyio.create_task_group() as group:
        for _ in range(CALLERS):
            group.start_soon(caller)
    assert len(ends) == calls
    runs = Counter(re.findall(r"^slow_async start (\S+)", server.log()[before:], re.MULTILINE))
    return [(end, runs[str(seconds)]) for seconds, end in ends]


async def test_400_calls_whose_streams_break_all_give_their_values_where_they_may_be_sent_again(
    protocol_app_6: AppServer,
) -> None:
    async with sharing(protocol_app_6, max_streams=8, retry=AGAIN) as (way, space):
        cutting(way, 1, 0.2, "queue/data")
        ends = await ends_of(space, protocol_app_6, calls=400)
        assert {end for end, _ in ends} == {"value"}
        assert all(runs for _, runs in ends)
        assert way.spoilt


async def test_a_call_that_may_be_sent_again_has_no_value_only_where_a_join_broke(
    protocol_app_6: AppServer,
) -> None:
    async with sharing(protocol_app_6, max_streams=8, retry=AGAIN) as (way, space):
        cutting(way, 2, 0.1, "")
        ends = await ends_of(space, protocol_app_6, calls=300)
        failed = [end for end, _ in ends if end != "value"]
        assert set(failed) <= {"TransportError"}
        assert 0 < len(failed) <= way.spoilt


async def test_a_call_whose_join_or_stream_breaks_is_run_at_most_once(
    protocol_app_6: AppServer,
) -> None:
    async with sharing(protocol_app_6, max_streams=2 * CALLERS) as (way, space):
        cutting(way, 3, 0.1, "")
        ends = await ends_of(space, protocol_app_6, calls=300)
        assert all(runs == 1 for end, runs in ends if end == "value")
        assert all(runs <= 1 for end, runs in ends if end != "not sent")
        assert not any(runs for end, runs in ends if end == "not sent")
        failed = [end for end, _ in ends if end != "value"]
        assert 0 < len(failed) <= way.spoilt, (
            "a call with a stream of its own is ended by a fault of its own only"
        )
