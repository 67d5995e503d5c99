"""Nothing comes any more, and the connection stays open: each wait has its own deadline."""

from __future__ import annotations

import anyio
import pytest

from spacecall import DeadlineError, JobLostError, Timeouts
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import HEARTBEAT, begun, saying, sse
from tests.faults.tools import faulty


@pytest.mark.parametrize(
    "stream", [saying(), saying(sse(begun("event1")))], ids=["at once", "later"]
)
async def test_silence_on_a_stream_ends_its_jobs_by_the_idle_timeout(stream: Handler) -> None:
    async with faulty(timeouts=Timeouts(idle=0.3, cancel=1)) as (app, space):
        app.once("data", stream)
        began = anyio.current_time()
        with pytest.raises(DeadlineError) as caught:
            await space.call("/hold", text="x")
        assert caught.value.phase == "idle"
        assert caught.value.endpoint == "/hold"
        assert 0.3 <= anyio.current_time() - began < 3


async def test_silence_before_the_streams_answer_is_the_same() -> None:
    async with faulty(timeouts=Timeouts(idle=0.3, cancel=1)) as (app, space):
        app.once("data", Exchange.gone)
        with pytest.raises(DeadlineError) as caught:
            await space.call("/hold", text="x")
        assert caught.value.phase == "idle"


async def test_silence_broken_by_heartbeats_is_none_but_the_queue_has_its_own_deadline() -> None:
    async def heartbeats(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.send(HEARTBEAT)
            await anyio.sleep(0.05)

    async with faulty(timeouts=Timeouts(idle=0.3, queue=0.8, cancel=1)) as (app, space):
        app.once("data", heartbeats)
        began = anyio.current_time()
        with pytest.raises(DeadlineError, match=r"did not start on the job within 0\.8 s") as e:
            await space.call("/hold", text="x")
        assert e.value.phase == "queue"
        assert anyio.current_time() - began >= 0.8


async def test_silence_of_the_app_while_it_works_is_ended_by_the_run_timeout() -> None:
    async with faulty(timeouts=Timeouts(run=0.3, cancel=1)) as (app, space):
        with pytest.raises(DeadlineError, match=r"did not finish the job within 0\.3 s") as e:
            await space.call("/hold", text="x")
        assert e.value.phase == "run"
        (cancel,) = app.asked("cancel")
        assert (await cancel.json())["event_id"] == e.value.event_id


async def test_silence_at_the_join_is_ended_by_the_queue_timeout() -> None:
    async with faulty(timeouts=Timeouts(queue=0.3, idle=1, cancel=1)) as (app, space):
        app.once("join", Exchange.gone)
        with pytest.raises(DeadlineError) as caught:
            await space.call("/echo", text="x")
        assert caught.value.phase == "queue"


async def test_silence_at_the_join_ends_by_the_idle_timeout_as_well() -> None:
    async with faulty(timeouts=Timeouts(idle=0.3, cancel=1)) as (app, space):
        app.once("join", Exchange.gone)
        with pytest.raises(DeadlineError) as caught:
            await space.call("/echo", text="x")
        assert caught.value.phase == "idle"
        assert len(app.asked("join")) == 1


async def test_a_stream_that_opens_late_still_gives_what_the_server_kept_for_a_ticket() -> None:
    async with faulty() as (app, space):
        ticket = await space.call("/echo", text="x").detach()

        async def late(exchange: Exchange) -> None:
            await anyio.sleep(0.6)
            await app.stream(exchange)

        app.once("data", late)
        assert await space.collect(ticket).with_options(timeouts=Timeouts(connect=0.3)) == "x"


async def test_silence_on_the_open_stream_of_a_ticket_means_that_its_job_is_unknown() -> None:
    async with faulty() as (app, space):
        ticket = await space.call("/echo", text="x").detach()
        app.once("data", saying())
        with pytest.raises(JobLostError, match="nothing for the job"):
            await space.collect(ticket).with_options(timeouts=Timeouts(connect=0.3))


async def test_a_collected_job_keeps_the_total_timeout_while_its_stream_is_opened() -> None:
    async with faulty() as (app, space):
        ticket = await space.call("/echo", text="x").detach()
        app.once("data", Exchange.gone)
        with pytest.raises(DeadlineError) as caught:
            await space.collect(ticket).with_options(timeouts=Timeouts(total=0.3, cancel=0.2))
        assert caught.value.phase == "total"
