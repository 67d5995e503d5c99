"""Sound answers of real servers that are larger or slower than any client expects."""

from __future__ import annotations

import pytest

from spacecall import Limits, ProtocolError, Timeouts
from tests.client.tools import until
from tests.faults.proxy import Fault
from tests.faults.proxy_tools import spoilt
from tests.servers import AppServer

PATIENT = Timeouts(queue=60, run=60, idle=60)
GIANT = 64 * 2**20


async def test_an_event_of_64_megabytes_is_a_value(protocol_app_6: AppServer) -> None:
    limits = Limits(max_event_bytes=2 * GIANT)
    async with spoilt(protocol_app_6, timeouts=PATIENT, limits=limits) as (_, space):
        text = "x" * GIANT
        assert await space.call("/echo", text=text) == text


async def test_an_event_over_the_limit_is_an_error(protocol_app_6: AppServer) -> None:
    async with spoilt(protocol_app_6, limits=Limits(max_event_bytes=2**19)) as (_, space):
        with pytest.raises(ProtocolError):
            await space.call("/echo", text="x" * 2**20)


async def test_deep_json_comes_back(protocol_app_6: AppServer) -> None:
    value: object = "end"
    for _ in range(50):
        value = {"in": [value]}
    async with spoilt(protocol_app_6) as (_, space):
        got, _ = await space.call("/json_noqueue", js=value)
        assert got == {"got": value}


async def test_a_consumer_that_stops_reading_holds_up_nobody_and_gets_the_end(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, limits=Limits(max_buffered_events=4)) as (way, space):
        way.once("queue/data", Fault(drip=(64, 0)))
        async with space.call("/stream_text", text="w", n=60) as job:
            await anext(job)
            for number in range(20):
                assert await space.call("/echo", text=str(number)) == str(number)
            await until(lambda: job.done)
            values = [value async for value in job.outputs]
        assert len(values) <= 4
        assert values[-1] == "".join(f"w{number} " for number in range(60))
