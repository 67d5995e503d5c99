"""Messages at the wrong time, twice, too many, or for nobody."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from spacecall import (
    Completed,
    DeadlineError,
    InvalidInputError,
    Job,
    JobCancelledError,
    JobLostError,
    Limits,
    Output,
    ProtocolError,
    Session,
    Timeouts,
)
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, begun, completed, sse, streamed
from tests.faults.tools import faulty, until_quiet

CLOSE = {"msg": "close_stream", "event_id": None}
QUEUED, STARTED = begun("event1")
FIRST, SECOND, THIRD = streamed("event1", "a b c")
DONE = completed("event1", ["done"])


@asynccontextmanager
async def listening(**options: Any) -> AsyncGenerator[tuple[Stub, Session, Job[Any]]]:
    """The app, and a session whose stream is kept open by the job `event1`."""
    async with (
        faulty(**options) as (app, space),
        space.session() as session,
        session.call("/hold", text="keeps the stream open") as held,
    ):
        await anext(held)
        yield app, session, held


async def test_messages_before_the_joins_answer_are_kept_for_the_job() -> None:
    async with listening() as (app, session, _):

        async def answer_late(exchange: Exchange) -> None:
            event_id = await app.accept(exchange)  # its messages go out at once
            await until(lambda: not app.session_of(event_id).messages)
            await anyio.sleep(0.1)  # they are on their way now, and this answer is not
            await exchange.answer(200, {"event_id": event_id})

        app.once("join", answer_late, answer_late)
        assert await session.call("/echo", text="early") == "early"
        async with session.call("/stream", text="a b") as job:
            assert [value async for value in job.outputs] == ["a ", "a b"]


async def test_early_messages_of_a_refused_join_are_forgotten() -> None:
    async with listening(limits=Limits(max_early_messages=4)) as (app, session, _):

        async def take_and_refuse(exchange: Exchange) -> None:
            event_id = await app.accept(exchange)
            await until(lambda: not app.session_of(event_id).messages)
            await exchange.answer(422, {"detail": "no"})

        for _ in range(5):
            app.once("join", take_and_refuse)
            with pytest.raises(InvalidInputError, match="no"):
                await session.call("/echo", text="x")
        assert await session.call("/echo", text="y") == "y"


async def test_too_many_early_messages_end_the_stream() -> None:
    async with listening(limits=Limits(max_early_messages=10)) as (app, session, held):
        over = anyio.Event()

        async def flood(exchange: Exchange) -> None:
            event_id = await app.accept(exchange)
            app.session_of(event_id).put(*(begun(event_id) * 20))
            await over.wait()
            await exchange.cut()

        app.once("join", flood)
        call = session.call("/echo", text="x").with_options(timeouts=Timeouts(queue=0.5))
        with pytest.raises(DeadlineError, match="did not start"):
            await call
        with pytest.raises(ProtocolError, match="more than 10 messages"):
            await held.result()
        over.set()


async def test_jobs_of_an_earlier_process_on_the_session_do_not_disturb_an_upload() -> None:
    async with listening(limits=Limits(max_early_messages=10)) as (app, session, held):
        heard = anyio.Event()

        async def slow(exchange: Exchange) -> None:
            app.session_of("event1").put(*(begun("theirs") * 20), FIRST)
            await heard.wait()
            await app.behave("upload", exchange)

        app.once("upload", slow)
        async with session.call("/file", file=b"content") as job:
            assert await anext(aiter(held.outputs)) == "a "
            heard.set()
            assert await job.result() is not None
        assert not held.done


async def test_a_second_completion_is_ignored() -> None:
    first, second = completed("event1", ["first"]), completed("event1", ["second"])
    async with faulty() as (app, space):
        app.once("data", app.speaking(*begun("event1"), first, second, CLOSE))
        assert await space.call("/hold", text="x") == "first"


@pytest.mark.parametrize(
    "messages",
    [
        [QUEUED, STARTED, STARTED, FIRST, SECOND, DONE],
        [QUEUED, STARTED, FIRST, STARTED, SECOND, QUEUED, DONE],
        [QUEUED, FIRST, SECOND, STARTED, DONE],
        [QUEUED, STARTED, FIRST, SECOND, SECOND, THIRD, DONE],
        [QUEUED, DONE, STARTED],
        [DONE, QUEUED, STARTED],
        [STARTED, DONE, FIRST, SECOND, DONE],
    ],
    ids=lambda messages: "-".join(message["msg"].removeprefix("process_") for message in messages),
)
async def test_messages_that_come_twice_or_too_late_end_no_job_and_outlast_none(
    messages: list[dict[str, Any]],
) -> None:
    async with faulty() as (app, space):
        app.once("data", app.speaking(*messages, CLOSE))
        async with space.call("/hold", text="x") as job:
            events = [event async for event in job]
            assert await job.result() == "done"
        last = messages.index(DONE)
        assert len(events) == last + 1
        assert [isinstance(event, Completed) for event in events] == [False] * last + [True]


async def test_a_whole_value_where_edits_are_due_is_an_error_for_who_reads_them() -> None:
    async with faulty() as (app, space):
        app.once("data", app.speaking(QUEUED, STARTED, FIRST, FIRST, DONE, CLOSE))
        async with space.call("/hold", text="x") as job:
            with pytest.raises(ProtocolError, match="edits"):
                await job.result()


async def test_messages_of_a_foreign_job_reach_nobody() -> None:
    foreign = [*begun("theirs"), *streamed("theirs", "a b"), completed("theirs", ["theirs"])]
    mine = [*begun("event1"), completed("event1", ["mine"]), CLOSE]
    async with faulty() as (app, space):
        app.once("data", app.speaking(*foreign, *mine))
        async with space.call("/hold", text="x") as job:
            events = [type(event).__name__ async for event in job]
        assert events == ["Queued", "Started", "Completed"]
        assert await job.result() == "mine"


async def test_messages_after_the_stream_was_closed_are_still_read() -> None:
    async with faulty() as (app, space):
        app.once("data", app.speaking(*begun("event1"), completed("event1", ["x"]), CLOSE, CLOSE))
        assert await space.call("/hold", text="x") == "x"


@pytest.mark.parametrize("event_id", ["event1", "theirs"])
async def test_a_message_that_cannot_come_now_ends_its_job_alone(event_id: str) -> None:
    odd = {"msg": "queue_full", "event_id": event_id}
    async with faulty() as (app, space):
        app.once("data", app.speaking(odd, *begun("event1"), completed("event1", ["x"]), CLOSE))
        if event_id == "event1":
            with pytest.raises(ProtocolError, match="the server sent 'queue_full' while"):
                await space.call("/hold", text="x")
        else:
            assert await space.call("/hold", text="x") == "x"


class TestClosedTooEarly:
    """close_stream comes although a job has no result."""

    async def test_a_job_that_was_spoken_of_is_lost_at_once(self) -> None:
        async with faulty() as (app, space):
            app.once("data", app.speaking(*begun("event1"), CLOSE))
            with pytest.raises(JobLostError, match="closed the stream without a result"):
                await space.call("/hold", text="x")

    @pytest.mark.parametrize("forever", [False, True])
    async def test_a_job_that_the_stream_should_have_known_is_lost(self, forever: bool) -> None:
        async with faulty() as (app, space):
            (app.always if forever else app.once)("data", app.speaking(CLOSE))
            with pytest.raises(JobLostError, match="closed the stream without a result"):
                await space.call("/hold", text="x")
            assert len(app.asked("data")) == 1

    async def test_a_job_that_came_meanwhile_gets_a_stream_of_its_own(self) -> None:
        async with faulty() as (app, space), space.session() as session:
            joined = anyio.Event()

            async def close_meanwhile(exchange: Exchange) -> None:
                await exchange.begin()
                await exchange.send(sse([*begun("event1"), completed("event1", ["one"])]))
                await joined.wait()
                await exchange.send(sse([CLOSE]))
                await exchange.end()

            app.once("data", close_meanwhile)
            async with session.call("/echo", text="x") as echo_job:
                assert await echo_job.result() == "one"
                async with session.call("/hold", text="y") as held_job:
                    await until(lambda: held_job.event_id is not None)
                    joined.set()
                    assert type(await anext(held_job)).__name__ == "Queued"
                    assert len(app.asked("data")) == 2


async def test_a_lost_stream_touches_its_own_lane_only() -> None:
    async with faulty() as (app, space):
        cut = anyio.Event()

        async def cut_later(exchange: Exchange) -> None:
            await exchange.begin()
            await exchange.send(sse(app.session(exchange).take()))
            await cut.wait()
            await exchange.cut()

        async with space.call("/hold", text="x") as held_job:
            await anext(held_job)
            app.once("data", cut_later)
            async with space.call("/hold", text="y") as doomed:
                await anext(doomed)
                hashes = {exchange.query["session_hash"] for exchange in app.asked("data")}
                assert len(hashes) == 2
                cut.set()
                with pytest.raises(JobLostError):
                    await doomed.result()
                assert await space.call("/echo", text="z") == "z"
                assert not held_job.done
                assert held_job.event_id is not None
                app.finish(held_job.event_id, ["kept"])
                assert await held_job.result() == "kept"
        used = {(await exchange.json())["session_hash"] for exchange in app.asked("join")[2:]}
        lost = app.asked("data")[1].query["session_hash"]
        assert lost not in used, "a session whose stream was lost is never used again"


async def test_a_slow_consumer_gets_newer_values_and_the_result() -> None:
    words = " ".join(str(number) for number in range(500))
    async with faulty(limits=Limits(max_buffered_events=8)) as (_, space):
        async with space.call("/stream", text=words) as job:
            await job.result()
            values = [event.value async for event in job if isinstance(event, Output)]
        assert 1 <= len(values) <= 8
        assert values[-1] == words
        assert await job.result() == words


async def test_a_consumer_that_leaves_ends_the_job_on_the_server() -> None:
    async with faulty() as (app, space):
        async with space.call("/hold", text="x") as job:
            await anext(job)
        with pytest.raises(JobCancelledError):
            await job.result()
        await until_quiet()
        (cancel,) = app.asked("cancel")
        assert (await cancel.json())["event_id"] == job.event_id


async def test_a_cancel_that_fails_harms_nobody() -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(500, b"no")

    async with faulty(timeouts=Timeouts(cancel=0.2)) as (app, space):
        app.once("cancel", refuse, Exchange.gone)
        for _ in range(2):
            async with space.call("/hold", text="x") as job:
                await anext(job)
            assert job.done
        await until_quiet()
