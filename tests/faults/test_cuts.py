"""Streams that end too early, wherever that is."""

from __future__ import annotations

from itertools import count

import pytest

from spacecall import JobLostError
from tests.client.tools import collect
from tests.faults.exchanges import Exchange
from tests.faults.tools import Sender, faulty, through


async def cut_before(exchange: Exchange, data: bytes) -> None:
    await exchange.cut()


async def cut_between(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data[: data.index(b"\n\n") + 2])
    await exchange.cut()


async def cut_inside(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data[: data.index(b"\n\n") + 20])
    await exchange.cut()


async def reset_inside(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data[: data.index(b"\n\n") + 20])
    await exchange.cut(reset=True)


async def end_too_early(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data[: data.index(b"\n\n") + 2])


async def end_inside(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data[: data.index(b"\n\n") + 20])


async def end_empty(exchange: Exchange, data: bytes) -> None:
    pass


LOSSES = [cut_before, cut_between, cut_inside, reset_inside, end_too_early, end_inside, end_empty]


@pytest.mark.parametrize("send", LOSSES, ids=lambda send: send.__name__)
async def test_a_stream_that_ends_too_early_loses_its_jobs_at_once(send: Sender) -> None:
    async with faulty() as (app, space):
        app.once("data", through(app, send))
        with pytest.raises(JobLostError, match="the job was lost") as caught:
            await space.call("/echo", text="x")
        error = caught.value
        assert (error.endpoint, error.space, error.event_id) == ("/echo", app.url, "event1")
        assert error.sent
        assert not error.safe_to_retry
        assert len(app.asked("join")) == 1
        assert len(app.asked("data")) == 1, "a lost stream has no continuation"


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_stream_cut_at_each_byte_gives_what_came_whole(reset: bool) -> None:
    sent, lost = b"", True

    async def cut(exchange: Exchange, data: bytes) -> None:
        nonlocal sent
        sent = data
        await exchange.send(data[:position])
        await exchange.cut(reset=reset)

    async with faulty() as (app, space):
        app.always("data", through(app, cut))
        for position in count():
            values: list[str] = []
            lost = False
            async with space.call("/stream", text="a b c") as job:
                try:
                    await collect(job.outputs, values)
                except JobLostError:
                    lost = True
            came = sent[: sent.rfind(b"\n\n", 0, position) + 2]
            assert lost == (b"process_completed" not in came)
            assert values == ["a ", "a b ", "a b c"][: came.count(b"process_generating")]
            if position == len(sent):
                break
    assert not lost


async def test_what_had_come_before_the_loss_is_still_given() -> None:
    async with faulty() as (app, space):
        app.once("data", through(app, cut_between))
        async with space.call("/stream", text="a b") as job:
            events = [type(await anext(job)).__name__]
            with pytest.raises(JobLostError):
                await anext(job)
        assert events == ["Queued"]
