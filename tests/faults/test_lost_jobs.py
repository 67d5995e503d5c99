"""A job whose stream was lost: what becomes of it, and what its error tells."""

from __future__ import annotations

import anyio
import pytest

from spacecall import JobLostError, Limits, Output, Retry, Started, Timeouts, TransportError
from tests.client.tools import until
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import cut, sse
from tests.faults.tools import faulty, tasks, until_quiet

ONCE_MORE = Retry(attempts=1, resubmit_lost=1)


def cut_when(lose: anyio.Event) -> Handler:
    """A stream that says nothing, and is cut when `lose` is set."""

    async def stream(exchange: Exchange) -> None:
        await exchange.begin()
        await lose.wait()
        await exchange.cut()

    return stream


async def test_a_lost_job_is_not_submitted_again_unless_the_caller_wants_it() -> None:
    async with faulty() as (app, space):
        app.once("data", cut)
        with pytest.raises(JobLostError) as caught:
            await space.call("/echo", text="x")
        assert (caught.value.sent, caught.value.safe_to_retry) == (True, False)
        assert len(app.asked("join")) == 1


async def test_a_lost_job_is_submitted_again_on_another_session_and_gives_its_result() -> None:
    async with faulty(retry=ONCE_MORE) as (app, space):
        app.once("data", cut)
        assert await space.call("/echo", text="x") == "x"
        first, second = [await exchange.json() for exchange in app.asked("join")]
        assert first["data"] == second["data"]
        assert first["session_hash"] != second["session_hash"]


async def test_a_lost_job_is_submitted_again_for_a_consumer_of_events_too() -> None:
    async with faulty(retry=ONCE_MORE) as (app, space):

        async def lose_in_the_middle(exchange: Exchange) -> None:
            await exchange.begin()
            await exchange.send(sse(app.session(exchange).take()[:3]))
            await exchange.cut()

        app.once("data", lose_in_the_middle)
        async with space.call("/stream", text="a b c") as job:
            events = [event async for event in job]
            assert await job.result() == "a b c"
        assert job.event_id == "event2"
        values = [event.value for event in events if isinstance(event, Output)]
        assert values[-3:] == ["a ", "a b ", "a b c"]
        assert sum(isinstance(event, Started) for event in events) == 2


async def test_a_lost_job_is_submitted_again_as_often_as_the_caller_says() -> None:
    async with faulty(retry=Retry(attempts=1, resubmit_lost=2)) as (app, space):
        app.always("data", cut)
        with pytest.raises(JobLostError) as caught:
            await space.call("/echo", text="x")
        assert len(app.asked("join")) == 3
        assert caught.value.event_id == "event3"


async def test_a_lost_job_of_one_call_may_have_a_retry_of_its_own() -> None:
    async with faulty() as (app, space):
        app.once("data", cut)
        assert await space.call("/echo", text="x").with_options(retry=ONCE_MORE) == "x"


async def test_a_lost_job_of_a_session_cannot_go_on_there() -> None:
    async with faulty(retry=ONCE_MORE) as (app, space), space.session() as session:
        app.once("data", cut)
        with pytest.raises(JobLostError, match=r"of this session broke.*open another") as caught:
            await session.call("/chat", text="x")
        assert caught.value.safe_to_retry, "the second submission was never sent"
        assert len(app.asked("join")) == 1


async def test_a_lost_job_that_is_cancelled_while_it_is_submitted_again_leaves_nothing() -> None:
    short = Timeouts(idle=0.5, cancel=0.5)
    async with faulty(timeouts=short, retry=ONCE_MORE) as (app, space):

        async def sound(exchange: Exchange) -> None:
            await app.behave("join", exchange)

        async def call() -> None:
            await space.call("/echo", text="x")

        app.once("data", cut)
        app.once("join", sound, Exchange.gone)
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await until(lambda: len(app.asked("join")) == 2)
            group.cancel_scope.cancel()
        assert tasks(), "the server may have accepted the job: its answer is waited for"
        await until_quiet()


@pytest.mark.parametrize("sent", [True, False])
async def test_a_job_that_joined_when_the_stream_was_lost_ends_too(sent: bool) -> None:
    async with faulty() as (app, space), space.session() as session:
        lose = anyio.Event()

        async def answer_after_the_loss(exchange: Exchange) -> None:
            lose.set()
            await anyio.sleep(0.2)
            if sent:
                await app.behave("join", exchange)
            else:
                await exchange.cut()

        app.once("data", cut_when(lose))
        async with session.call("/hold", text="x") as first:
            await until(lambda: bool(app.asked("data")))
            app.once("join", answer_after_the_loss)
            kinds: tuple[type[JobLostError | TransportError], ...] = (JobLostError, TransportError)
            with pytest.raises(kinds) as caught:
                await session.call("/echo", text="y")
            assert isinstance(caught.value, JobLostError) == sent
            assert caught.value.sent
            with pytest.raises(JobLostError):
                await first.result()


@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_call_that_was_not_sent_when_its_stream_was_lost_takes_another(
    attempts: int,
) -> None:
    one_lane, retry = Limits(max_streams=1), Retry(attempts=attempts)
    async with faulty(limits=one_lane, retry=retry) as (app, space):
        lose = anyio.Event()

        async def upload_during_the_loss(exchange: Exchange) -> None:
            lose.set()
            await until(lambda: first.done)
            await app.behave("upload", exchange)

        app.once("data", cut_when(lose))
        app.once("upload", upload_during_the_loss)
        async with space.call("/hold", text="x") as first:
            await until(lambda: bool(app.asked("data")))
            if attempts == 1:
                with pytest.raises(JobLostError, match=r"of the call broke.*call again") as caught:
                    await space.call("/file", file=b"y")
                assert caught.value.safe_to_retry
            else:
                await space.call("/file", file=b"y")
        assert len(app.asked("join")) == attempts
