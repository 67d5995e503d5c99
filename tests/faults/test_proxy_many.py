"""Many calls at once over connections that break at random: each ends once, and rightly."""

from __future__ import annotations

import random
from collections import Counter

import anyio

from spacecall import Limits, Retry, Space, SpaceError
from tests.faults.proxy import At, Ending, Fault, Proxy
from tests.faults.proxy_tools import spoilt
from tests.servers import AppServer

CALLS = 1000
AT_ONCE = 40


def cutting(way: Proxy, seed: int, share: float, path: str) -> None:
    """Cut this share of the requests whose path contains `path`, at random bytes."""
    rng = random.Random(seed)

    def choose(asked: str) -> Fault | None:
        if path not in asked or rng.random() > share:
            return None
        at = At(rng.randrange(1000))
        ending = rng.choice([Ending.CLOSE, Ending.RESET])
        if rng.random() < 0.2:
            return Fault(request=at, ending=ending)
        return Fault(answer=at, ending=ending)

    way.choose = choose


async def ends_of(space: Space, *, calls: int) -> Counter[str]:
    """How so many calls end, `AT_ONCE` at a time."""
    ends: dict[int, list[str]] = {number: [] for number in range(calls)}
    waiting = iter(range(calls))

    async def caller() -> None:
        for number in waiting:
            try:
                assert await space.call("/echo", text=f"text {number}") == f"text {number}"
                ends[number].append("value")
            except SpaceError as error:
                ends[number].append(type(error).__name__)

    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(caller)
    assert all(len(found) == 1 for found in ends.values())
    return Counter(found[0] for found in ends.values())


async def test_1000_calls_whose_streams_break_all_give_their_values_where_they_may_be_sent_again(
    protocol_app_6: AppServer,
) -> None:
    retry = Retry(attempts=3, initial=0.01, lost=50)
    limits = Limits(lanes=8)
    async with spoilt(protocol_app_6, retry=retry, limits=limits) as (way, space):
        cutting(way, 1, 0.2, "queue/data")
        assert await ends_of(space, calls=CALLS) == {"value": CALLS}
        assert way.spoilt


async def test_calls_whose_joins_and_streams_break_each_end_with_a_value_or_an_error(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, limits=Limits(lanes=4)) as (way, space):
        cutting(way, 2, 0.1, "")
        ends = await ends_of(space, calls=300)
        assert set(ends) <= {"value", "TransportError", "JobLostError"}
        assert all(ends.values())
        assert ends["value"] > 30
