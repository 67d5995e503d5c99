"""Endpoints that take a stream of inputs, on a server that misbehaves."""

from __future__ import annotations

from typing import Any, NoReturn

import anyio
import pytest

from spacecall import (
    DeadlineError,
    Feed,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    Limits,
    ProtocolError,
    Space,
    SpaceError,
    StatusError,
    Timeouts,
    TransportError,
)
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import Route, Stub, cut, sse
from tests.faults.tools import PATIENT, faulty, until_quiet


def nothing_runs(app: Stub) -> bool:
    """Whether the server has no job that it was not told to end."""
    return not any(session.pending for session in app.sessions.values())


async def test_a_call_of_one_input_is_cancelled_on_the_server_after_its_value() -> None:
    async with faulty() as (app, space):
        assert await space.call("/listen", text="a") == "a 1"
        await until(lambda: nothing_runs(app))
        assert len(app.asked("cancel")) == 1
        assert not app.asked("close")


async def test_a_call_with_a_sibling_closes_its_own_input_alone() -> None:
    async with faulty() as (app, space), space.session() as session:
        release = anyio.Event()

        async def join(exchange: Exchange) -> None:
            if (await exchange.json())["data"][0] == "b":
                await release.wait()
            await app.behave("join", exchange)

        app.always("join", join)
        async with (
            session.call("/listen", text="a") as first,
            session.call("/listen", text="b") as second,
        ):
            assert await first.result() == "a 1"
            await until(lambda: bool(app.asked("close")))
            release.set()
            assert await second.result() == "b 2"
        assert [exchange.path for exchange in app.asked("close")] == [
            "/gradio_api/stream/event1/close"
        ]


async def test_a_cancel_that_fails_leaves_the_value_as_it_is() -> None:
    async with faulty() as (app, space):
        app.once("cancel", cut)
        assert await space.call("/listen", text="a") == "a 1"
        await until_quiet()


async def test_inputs_go_to_one_job_and_leaving_ends_it_on_the_server() -> None:
    async with faulty() as (app, space):
        async with space.stream("/listen") as feed:
            for number in (1, 2, 3):
                await feed.send("a")
                assert await anext(feed.outputs) == f"a {number}"
        await until(lambda: nothing_runs(app))
        assert (len(app.asked("join")), len(app.asked("input"))) == (1, 2)
        bodies = [await exchange.json() for exchange in app.asked("input")]
        assert {tuple(body["data"]) for body in bodies} == {("a", None)}
        assert {body["session_hash"] for body in bodies} == {
            (await app.asked("join")[0].json())["session_hash"]
        }


async def test_an_input_waits_for_the_value_of_the_last_one() -> None:
    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", acknowledge)
        await feed.send("b")  # it is taken, and its value does not come
        with anyio.move_on_after(0.2) as scope:
            await feed.send("c")
        assert scope.cancelled_caught
        assert len(app.asked("input")) == 1
        app.hear("event1", "b")
        await feed.send("c")
        await feed.finish()
        assert [value async for value in feed.outputs] == ["a 1", "b 2", "c 3"]


async def test_at_the_time_limit_the_next_input_joins_again_in_the_same_session() -> None:
    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        assert await anext(feed.outputs) == "a 1"
        app.reach_limit("event1")
        await feed.send("b")
        await feed.finish()
        assert [value async for value in feed.outputs] == ["b 2"]
        assert len(app.asked("join")) == 2


async def test_an_input_that_takes_the_time_of_its_job_has_the_last_value() -> None:
    async def limited(exchange: Exchange) -> None:
        text = (await exchange.json())["data"][0]
        await exchange.answer(200, {"msg": "success"})
        app.hear_last("event1", text)

    async def early(exchange: Exchange) -> None:
        app.hear_last("event2", (await exchange.json())["data"][0])
        await anyio.sleep(0.05)
        await exchange.answer(200, {"msg": "success"})

    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", limited)
        await feed.send("b")
        await feed.send("c")
        app.once("input", early)
        await feed.send("d")
        await feed.finish()
        assert [value async for value in feed.outputs] == ["a 1", "b 2", "c 3", "d 4"]


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("reads", [True, False])
async def test_an_input_that_crosses_the_time_limit_runs_in_the_next_job(
    *, is_early: bool, reads: bool
) -> None:
    async def cross(exchange: Exchange) -> None:
        await exchange.body()
        if is_early:
            app.reach_limit("event1")
            await anyio.sleep(0.05)
        await exchange.answer(200, {"msg": "success"})
        if not is_early:
            app.reach_limit("event1")

    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        assert await anext(feed.outputs) == "a 1"
        app.once("input", cross)
        await feed.send("b")
        if reads:
            assert await anext(feed.outputs) == "b 2"
        await feed.send("c")
        await feed.finish()
        values = [value async for value in feed.outputs]
        assert values == (["c 3"] if reads else ["b 2", "c 3"])
        sessions = {(await exchange.json())["session_hash"] for exchange in app.asked("join")}
        assert (len(app.asked("join")), len(sessions)) == (2, 1)


@pytest.mark.parametrize("route", ["input", "join"])
async def test_leaving_the_block_ends_what_another_task_sends(route: Route) -> None:
    """Also what waits for its turn; no job is left on the server."""
    errors: list[SpaceError | RuntimeError] = []

    async def late(exchange: Exchange) -> None:
        left.set()
        await anyio.sleep(0.1)
        await app.behave(route, exchange)

    async def send(feed: Feed[Any, Any]) -> None:
        try:
            await feed.send("b")
        except (SpaceError, RuntimeError) as error:
            errors.append(error)

    left = anyio.Event()
    async with faulty() as (app, space), anyio.create_task_group() as group:
        async with space.stream("/listen") as feed:
            if route == "input":
                await feed.send("a")
                await anext(feed.outputs)
            app.once(route, late)
            with anyio.fail_after(3):
                for _ in range(3):
                    group.start_soon(send, feed)
                await left.wait()
        with anyio.fail_after(3):
            await until(lambda: len(errors) == 3)
            await until(lambda: nothing_runs(app))
        cancelled, *others = errors
        assert isinstance(cancelled, JobCancelledError)
        assert [type(error) for error in others] == [RuntimeError] * 2
        assert len(app.asked("join")) == 1


@pytest.mark.parametrize("closes_space", [True, False])
async def test_closing_ends_a_stream_that_waits_for_its_first_input(*, closes_space: bool) -> None:
    words = "the Space was closed" if closes_space else "the session was closed"
    errors: list[JobCancelledError] = []

    async def read(feed: Feed[Any, Any]) -> None:
        with pytest.raises(JobCancelledError, match=words) as caught:
            await anext(feed.outputs)
        errors.append(caught.value)

    async with faulty() as (app, space), anyio.create_task_group() as group:
        other = Space(app.url, timeouts=PATIENT)
        async with other if closes_space else space.session() as caller:
            feed = caller.stream("/listen")
            await feed.__aenter__()
            group.start_soon(read, feed)
            await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(3):
            await until(lambda: bool(errors))
            with pytest.raises(JobCancelledError, match=words):
                await feed.send("a")
            await feed.__aexit__(None, None, None)
        assert not app.asked("join")


async def test_a_stream_that_was_not_entered_is_refused() -> None:
    async with faulty() as (_, space):
        feed = space.stream("/listen")
        with pytest.raises(RuntimeError, match="is not open: enter its with block"):
            await feed.send("a")
        with pytest.raises(RuntimeError, match="is not open: enter its with block"):
            await anext(feed.outputs)


def test_a_stream_is_of_one_event_loop() -> None:
    async def use() -> None:
        async with faulty() as (_, space), space.stream("/listen") as feed:

            async def misuse() -> None:
                with pytest.raises(RuntimeError, match="another event loop"):
                    await feed.send("a")
                with pytest.raises(RuntimeError, match="another event loop"):
                    await anext(feed.outputs)

            await anyio.to_thread.run_sync(anyio.run, misuse)
            await feed.send("a")
            assert await anext(feed.outputs) == "a 1"

    anyio.run(use)


async def test_an_input_that_waits_while_the_stream_is_finished_is_refused() -> None:
    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", acknowledge)
        await feed.send("b")  # its value comes later
        async with anyio.create_task_group() as group:
            group.start_soon(feed.finish)
            await anyio.wait_all_tasks_blocked()
            app.hear("event1", "b")
            with pytest.raises(RuntimeError, match="has ended"):
                await feed.send("c")
        assert [value async for value in feed.outputs] == ["a 1", "b 2"]


@pytest.mark.parametrize("output", [[1], {"data": 1}])
async def test_a_message_that_cannot_be_read_ends_the_stream_on_the_server_too(
    output: object,
) -> None:
    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        assert await anext(feed.outputs) == "a 1"
        message = {"msg": "process_streaming", "event_id": "event1", "output": output}
        app.session_of("event1").put(message)
        with pytest.raises(ProtocolError):
            await anext(feed.outputs)
        with pytest.raises(ProtocolError):
            await feed.send("b")
        await until(lambda: nothing_runs(app))
        await until_quiet()
        assert len(app.asked("cancel")) == 1


@pytest.mark.parametrize("route", ["input", "upload"])
async def test_the_deadline_of_a_stream_holds_for_later_inputs(route: Route) -> None:
    timeouts = Timeouts(total=1, cancel=1)
    async with faulty(timeouts=timeouts) as (app, space), space.stream("/watch") as feed:
        with anyio.fail_after(10):
            await feed.send(b"data")
            await anext(feed.outputs)
            app.once(route, never)
            with pytest.raises(DeadlineError, match="within 1 s") as caught:
                await feed.send(b"data")
            assert caught.value.endpoint == "/watch"
            with pytest.raises(DeadlineError):
                await anext(feed.outputs)


async def test_the_deadline_of_a_value_holds_for_the_request_of_its_input() -> None:
    timeouts = Timeouts(run=0.3, cancel=1)
    async with faulty(timeouts=timeouts) as (app, space), space.stream("/listen") as feed:
        with anyio.fail_after(10):
            await feed.send("a")
            app.once("input", never)
            with pytest.raises(DeadlineError) as caught:
                await feed.send("b")
            assert caught.value.phase == "run"


async def test_the_deadline_of_a_stream_holds_while_no_job_runs() -> None:
    async with (
        faulty(timeouts=Timeouts(total=0.5)) as (_app, space),
        space.stream("/listen") as feed,
    ):
        with anyio.fail_after(10):
            with pytest.raises(DeadlineError, match=r"stream did not end within 0\.5 s") as caught:
                await anext(feed.outputs)
            assert (caught.value.phase, caught.value.endpoint) == ("total", "/listen")
            with pytest.raises(DeadlineError):
                await feed.send("a")


async def test_an_input_for_a_job_that_the_server_has_ended_joins_again() -> None:
    async def too_late(exchange: Exchange) -> None:
        app.reach_limit("event1")
        await exchange.answer(404, b"")

    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", too_late)
        await feed.send("b")
        await feed.finish()
        assert [value async for value in feed.outputs] == ["a 1", "b 2"]
        assert len(app.asked("join")) == 2


async def test_a_server_that_forgets_a_job_without_ending_it_loses_the_stream() -> None:
    async def unknown(exchange: Exchange) -> None:
        await exchange.answer(404, b"")

    timeouts = Timeouts(connect=0.3, cancel=1)
    async with faulty(timeouts=timeouts) as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", unknown)
        with pytest.raises(JobLostError, match="does not know the job"):
            await feed.send("b")


@pytest.mark.parametrize("reads", [True, False])
async def test_a_stream_of_values_that_breaks_ends_the_stream_of_inputs(*, reads: bool) -> None:
    async def begin_and_cut(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(sse(app.session(exchange).take()))
        await broken.wait()
        await exchange.cut()

    broken = anyio.Event()
    async with faulty() as (app, space):
        app.once("data", begin_and_cut)
        async with space.stream("/listen") as feed:
            await feed.send("a")
            assert await anext(feed.outputs) == "a 1"
            broken.set()
            with pytest.raises(JobLostError):
                await (anext(feed.outputs) if reads else send_for_ever(feed))
            with pytest.raises(JobLostError):
                await feed.send("c")
            with pytest.raises(JobLostError):
                await feed.finish()


async def send_for_ever(feed: Feed[Any, Any]) -> NoReturn:
    while True:
        await feed.send("b")
        await anyio.sleep(0.01)


async def test_an_input_that_is_cut_ends_the_stream() -> None:
    async with faulty() as (app, space):
        async with space.stream("/listen") as feed:
            await feed.send("a")
            app.once("input", cut)
            with pytest.raises(TransportError):
                await feed.send("b")
            assert await anext(feed.outputs) == "a 1"
            with pytest.raises(TransportError):
                await anext(feed.outputs)
        await until(lambda: bool(app.asked("cancel")) or nothing_runs(app))


async def test_an_input_that_the_app_refuses_ends_the_stream() -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(500, b"Internal Server Error")

    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", refuse)
        with pytest.raises(StatusError) as caught:
            await feed.send("b")
        assert caught.value.endpoint == "/listen"


async def test_a_join_that_fails_ends_the_stream() -> None:
    async with faulty() as (app, space):
        app.once("join", cut)
        async with space.stream("/listen") as feed:
            with pytest.raises(TransportError):
                await feed.send("a")
            with pytest.raises(TransportError):
                await anext(feed.outputs)


async def test_a_task_cancelled_while_it_sends_an_input_ends_the_stream() -> None:
    async with faulty() as (app, space), space.stream("/listen") as feed:
        await feed.send("a")
        app.once("input", never)
        with anyio.move_on_after(0.2) as scope:
            await feed.send("b")
        assert scope.cancelled_caught
        with pytest.raises(JobCancelledError, match="while it sent an input"):
            await feed.send("c")


async def test_a_value_that_does_not_come_is_a_deadline_for_who_reads_and_who_sends() -> None:
    timeouts = Timeouts(run=0.3, cancel=1)
    async with faulty(timeouts=timeouts) as (app, space):
        for read in (True, False):
            async with space.stream("/listen") as feed:
                await feed.send("a")
                await anext(feed.outputs)
                await anyio.sleep(0.4)  # the caller's own time does not count
                app.once("input", acknowledge)
                await feed.send("b")
                with pytest.raises(DeadlineError):
                    await (anext(feed.outputs) if read else feed.send("c"))


async def test_unread_values_are_bounded() -> None:
    limits = Limits(max_buffered_events=8)
    async with faulty(limits=limits) as (app, space), space.stream("/listen") as feed:
        for number in range(20):
            await feed.send("a")
            if number % 5 == 4:
                await until(lambda: bool(app.sessions))
                app.reach_limit(f"event{len(app.asked('join'))}")
        await feed.finish()
        values = [value async for value in feed.outputs]
        assert len(values) == 8
        assert values[-1] == "a 20"


async def test_the_input_that_takes_the_stream_is_not_an_argument_of_it() -> None:
    async with faulty() as (_app, space):
        with pytest.raises(InvalidInputError, match="text is the input that takes the stream"):
            await space.stream("/listen", text="a").__aenter__()
        async with space.stream("/listen") as feed:
            with pytest.raises(InvalidInputError, match="pass its values to send"):
                await feed.send("a", text="b")
            await feed.send("a")
            assert await anext(feed.outputs) == "a 1"


async def test_an_argument_that_cannot_be_sent_leaves_the_stream_as_it_is() -> None:
    async with faulty() as (_app, space), space.stream("/listen") as feed:
        for text in ("a", "b"):
            with pytest.raises(InvalidInputError):
                await feed.send(object())
            await feed.send(text)
        await feed.finish()
        assert [value async for value in feed.outputs] == ["a 1", "b 2"]


async def never(exchange: Exchange) -> None:
    """Take an input, and never answer."""
    await exchange.body()
    await anyio.sleep_forever()


async def acknowledge(exchange: Exchange) -> None:
    """Take an input without an answer to it."""
    await exchange.body()
    await exchange.answer(200, {"msg": "success"})
