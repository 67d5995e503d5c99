"""Callers that go while their call is on its way: nothing is sent for them, and nothing runs on."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

import anyio
import pytest

from spacecall import DeadlineError, File, Limits, Retry, Space, Timeouts
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, stub
from tests.faults.tools import DEADLINE, PATIENT, faulty, until_quiet


def nothing_runs(app: Stub) -> bool:
    """Whether the server has no job that it was not told to end."""
    return not any(session.pending for session in app.sessions.values())


async def test_a_space_cancelled_from_outside_while_it_joins_cancels_what_was_accepted() -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            scope = anyio.CancelScope()

            async def cancelled(exchange: Exchange) -> None:
                scope.cancel()
                await app.behave("join", exchange)

            app.once("join", cancelled)
            with scope:
                async with Space(app.url, timeouts=PATIENT) as space:
                    await space.call("/hold", text="x")
            assert scope.cancelled_caught
            assert len(app.asked("join")) == 1
            assert nothing_runs(app)


async def test_a_call_that_cleans_up_in_a_cancelled_space_has_its_value() -> None:
    value = ""
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            with anyio.CancelScope() as scope:
                async with Space(app.url, timeouts=PATIENT) as space:
                    scope.cancel()
                    try:
                        await anyio.sleep_forever()
                    finally:
                        with anyio.CancelScope(shield=True):
                            value = await space.call("/echo", text="bye")
    assert value == "bye"


async def test_a_join_that_is_to_be_tried_later_is_not_for_a_caller_who_has_gone() -> None:
    async def busy(exchange: Exchange) -> None:
        await exchange.answer(503, b"busy", {"retry-after": "1"})

    async with faulty() as (app, space):
        app.once("join", busy)
        with pytest.raises(DeadlineError):
            await space.call("/echo", text="x").with_options(
                timeouts=Timeouts(total=0.2), retry=Retry(attempts=9)
            )
        await until_quiet()
        assert len(app.asked("join")) == 1


async def test_a_join_that_waits_for_its_turn_is_not_sent_for_a_caller_who_has_gone() -> None:
    async with faulty(limits=Limits(max_concurrent_requests=1)) as (app, space):
        release = anyio.Event()

        async def slow(exchange: Exchange) -> None:
            await release.wait()
            await app.behave("join", exchange)

        app.once("join", slow)
        async with space.call("/echo", text="first") as first:
            await until(lambda: bool(app.asked("join")))
            with pytest.raises(DeadlineError):
                await space.call("/echo", text="x").with_options(timeouts=Timeouts(total=0.1))
            release.set()
            assert await first.result() == "first"
        await until_quiet()
        assert len(app.asked("join")) == 1


async def test_a_call_given_up_while_it_is_detached_is_cancelled_on_the_server() -> None:
    async with faulty() as (app, space):
        with anyio.CancelScope() as scope:

            async def cancelled(exchange: Exchange) -> None:
                scope.cancel()
                await app.behave("join", exchange)

            app.once("join", cancelled)
            await space.call("/hold", text="x").detach()
        assert scope.cancelled_caught
        await until(lambda: nothing_runs(app))


async def test_a_session_is_left_with_its_running_jobs_cancelled_though_a_join_stalls() -> None:
    async with (
        faulty(timeouts=Timeouts(idle=5, cancel=0.3)) as (app, space),
        AsyncExitStack() as jobs,
    ):
        async with space.session() as session:
            running = await jobs.enter_async_context(session.call("/hold", text="x"))
            await until(lambda: running.event_id is not None)
            app.once("join", Exchange.gone)
            stalled = await jobs.enter_async_context(session.call("/echo", text="y"))
            await until(lambda: len(app.asked("join")) == 2)
        assert running.done
        assert stalled.done
        assert app.asked("cancel")


SHORT = Timeouts(total=0.2, upload=1, cancel=0.2)


async def test_a_pipe_that_nobody_writes_holds_up_neither_its_caller_nor_the_space() -> None:
    async with faulty() as (app, _):
        read, write = os.pipe()
        # When the writer is closed, the thread that reads is free.
        with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb"):
            async with Space(app.url, timeouts=SHORT) as space:
                with pytest.raises(DeadlineError):
                    await space.call("/file", file=File(pipe))
