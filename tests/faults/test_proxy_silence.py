"""Real servers whose streams stall, say no more than heartbeats, or drip."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from spacecall import Call, DeadlineError, Timeouts
from spacecall.errors import Phase
from tests.faults.proxy import At, Ending, Fault, body, event
from tests.faults.proxy_tools import spoilt
from tests.servers import AppServer

IDLE = 2.5
SILENT = Timeouts(connect=3, queue=20, run=20, idle=IDLE, cancel=1)
SLACK = 10.0
"""Seconds beyond a deadline that a busy machine may take."""

HALF_A_MESSAGE = At(5, b'"process_generating"')


async def late(call: Call[Any], phase: Phase, seconds: float) -> DeadlineError:
    """The error of a call that ends by the deadline of `phase`, after `seconds`."""
    began = anyio.current_time()
    with pytest.raises(DeadlineError) as caught:
        await call
    assert caught.value.phase == phase
    assert anyio.current_time() - began < seconds + SLACK
    return caught.value


@pytest.mark.parametrize("position", [At(), body(1), event(2, 2), HALF_A_MESSAGE])
async def test_a_stream_that_stalls_ends_its_jobs_by_the_idle_timeout(
    protocol_app_6: AppServer, position: At
) -> None:
    async with spoilt(protocol_app_6, timeouts=SILENT) as (way, space):
        way.once("queue/data", Fault(answer=position, ending=Ending.STALL))
        began = anyio.current_time()
        error = await late(space.call("/stream_text", text="w", n=5), "idle", IDLE)
        assert error.endpoint == "/stream_text"
        assert anyio.current_time() - began >= IDLE


@pytest.mark.parametrize(
    ("timeouts", "phase"),
    [
        (Timeouts(idle=5, queue=20, run=0.5, cancel=1), "run"),
        (Timeouts(idle=5, queue=20, run=20, total=0.7, cancel=1), "total"),
    ],
)
async def test_a_stream_of_heartbeats_alone_ends_by_the_deadline_of_its_phase(
    protocol_app_6: AppServer, timeouts: Timeouts, phase: Phase
) -> None:
    async with spoilt(protocol_app_6, timeouts=timeouts) as (way, space):
        fault = Fault(answer=At(9, b'"process_starts"'), ending=Ending.STALL)
        way.once("queue/data", Fault(answer=event(3, 2), ending=Ending.HEARTBEATS), fault)
        await late(space.call("/stream_text", text="w", n=200), phase, 0.7)


@pytest.mark.parametrize("position", [At(), body(4)])
async def test_a_join_whose_answer_stalls_ends_by_the_idle_timeout(
    protocol_app_6: AppServer, position: At
) -> None:
    async with spoilt(protocol_app_6, timeouts=SILENT) as (way, space):
        way.once("queue/join", Fault(answer=position, ending=Ending.STALL))
        await late(space.call("/echo", text="x"), "idle", IDLE)


async def test_a_stream_that_drips_byte_by_byte_says_the_same(protocol_app_6: AppServer) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        way.once("queue/data", Fault(drip=(1, 0)), Fault(drip=(13, 0.001)))
        for _ in range(2):
            async with space.call("/stream_text", text="é", n=4) as job:
                values = [value async for value in job.outputs]
            assert values[-1] == "é0 é1 é2 é3 "
            assert values == sorted(values, key=len)


@pytest.mark.parametrize("position", [At(), At(3, b'"process_generating"')])
async def test_leaving_a_call_whose_stream_stalls_takes_no_longer_than_a_cancel_may(
    protocol_app_6: AppServer, position: At
) -> None:
    async with spoilt(protocol_app_6, timeouts=Timeouts(idle=20, cancel=0.5)) as (way, space):
        way.once("queue/data", Fault(answer=position, ending=Ending.STALL))
        began = anyio.current_time()
        with anyio.move_on_after(0.5):
            await space.call("/stream_text", text="w", n=100)
        assert anyio.current_time() - began < 1 + SLACK


async def test_a_server_that_answers_nothing_can_be_left(protocol_app_6: AppServer) -> None:
    async with spoilt(protocol_app_6, timeouts=Timeouts(idle=3, cancel=0.5)) as (way, space):
        way.always("queue", Fault(answer=At(), ending=Ending.STALL))
        way.always("cancel", Fault(answer=At(), ending=Ending.STALL))
        began = anyio.current_time()
        async with space.session() as session:
            with anyio.move_on_after(0.3):
                await session.call("/slow_many", seconds=0.1)
        assert anyio.current_time() - began < 3 + SLACK
        way.recover()
        with pytest.raises(RuntimeError, match="the session is closed"):
            await session.call("/echo", text="x")
