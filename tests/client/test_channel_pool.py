"""Which channel a job gets: one of its own, or one that it shares."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from spacecall import Retry, Space
from spacecall._client.calls.queue_job import QueueJob
from spacecall._client.calls.row_sources import RowCall, RowSource
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.channel_pool import ChannelPool
from spacecall._core.call_pace import CallPace
from tests.servers import AppServer


@dataclass(eq=False)
class FakeChannel:
    active_jobs: int = 0
    stream_seconds: float = 0.0
    is_retired: bool = False
    is_available: bool = True


class Pool:
    """A pool of fake channels, whose jobs do not end."""

    def __init__(self, limit: int) -> None:
        self._pool = ChannelPool(limit)

    def acquire(self, *, shares: bool) -> FakeChannel:
        open_channel: Any = FakeChannel
        acquired: Any = self._pool.acquire(open_channel, shares=shares)
        channel: FakeChannel = acquired
        channel.active_jobs += 1
        return channel


def test_short_jobs_share_a_channel_up_to_four() -> None:
    pool = Pool(16)
    channels = [pool.acquire(shares=True) for _ in range(9)]
    assert sorted(channel.active_jobs for channel in set(channels)) == [1, 4, 4]


def test_other_jobs_have_channels_of_their_own() -> None:
    pool = Pool(16)
    shared, single = pool.acquire(shares=True), pool.acquire(shares=False)
    assert single is not shared
    assert pool.acquire(shares=True) is shared
    assert pool.acquire(shares=False) not in (shared, single)


def test_beyond_the_limit_all_jobs_share_the_channels_with_the_fewest() -> None:
    pool = Pool(2)
    single, shared = pool.acquire(shares=False), pool.acquire(shares=True)
    assert [pool.acquire(shares=True) for _ in range(3)] == [shared] * 3
    assert pool.acquire(shares=True) is single
    assert {pool.acquire(shares=False) for _ in range(2)} == {single}


def test_a_stream_that_is_open_for_long_takes_no_further_short_jobs() -> None:
    pool = Pool(16)
    old = pool.acquire(shares=True)
    old.stream_seconds = 31.0
    new = pool.acquire(shares=True)
    assert new is not old
    old.active_jobs, old.stream_seconds = 0, 0.0
    assert pool.acquire(shares=True) is new


@pytest.mark.parametrize(("seconds", "is_short"), [(0.9, True), (1.1, False)])
def test_the_call_of_a_row_is_expected_to_take_as_long_as_the_last_one(
    seconds: float, *, is_short: bool
) -> None:
    async def perform(_: RowCall[str]) -> None: ...

    source = RowSource("", perform, CallPace(4, None, Retry()))
    first, second = (RowCall(index, "row", "row") for index in range(2))
    call_round = source.start(first, 0.0, reports_rank=False)
    assert not first.is_expected_short
    source.succeed(call_round, seconds)
    source.start(second, 1.0, reports_rank=False)
    assert second.is_expected_short is is_short


async def test_calls_that_may_share_a_stream_do(protocol_app_6: AppServer) -> None:
    async with Space(protocol_app_6.url) as space, AsyncExitStack() as stack:
        channels: list[Channel] = []
        for _ in range(2):
            call = space.call("/slow_many", seconds=30)._sharing_stream()  # pyright: ignore[reportPrivateUsage]
            job = await stack.enter_async_context(call)
            assert isinstance(job, QueueJob)
            channels.append(job.channel)
        assert channels[0] is channels[1]
        assert len(await gather_echo(space, 8)) == 8


async def gather_echo(space: Space, count: int) -> set[Any]:
    rows = [{"text": f"{index}"} for index in range(count)]
    return {outcome.result() async for outcome in space.map("/echo", rows, concurrency=4)}
