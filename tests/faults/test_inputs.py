"""Endpoints that take a stream of inputs, on a server that misbehaves."""

from __future__ import annotations

import anyio

from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import cut
from tests.faults.tools import faulty, until_quiet


async def test_a_call_of_one_input_is_cancelled_on_the_server_after_its_value() -> None:
    async with faulty() as (app, space):
        assert await space.call("/listen", text="a") == "a 1"
        await until(lambda: not any(session.pending for session in app.sessions.values()))
        assert len(app.asked("cancel")) == 1
        assert not app.asked("close")


async def test_a_call_with_a_sibling_closes_its_own_input_alone() -> None:
    async with faulty() as (app, space), space.session() as session:
        release = anyio.Event()

        async def late(exchange: Exchange) -> None:
            await release.wait()
            await app.behave("join", exchange)

        async def prompt(exchange: Exchange) -> None:
            await app.behave("join", exchange)

        app.once("join", prompt, late)
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
