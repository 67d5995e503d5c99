"""What can go wrong with the request that tells a server of the end of a session."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from spacecall import Space, Timeouts
from spacecall._client.streams import heartbeat
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, cut, stub
from tests.faults.tools import DEADLINE, until_quiet


@asynccontextmanager
async def beating(
    monkeypatch: pytest.MonkeyPatch, cancel: float = 3.0
) -> AsyncGenerator[tuple[Stub, Space], None]:
    """A Space on a stand-in that wants heartbeats, which are soon sent again."""
    monkeypatch.setattr(heartbeat, "_FIRST_DELAY", 0.01)
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            app.config["connect_heartbeat"] = True
            async with Space(app.url, timeouts=Timeouts(cancel=cancel)) as space:
                yield app, space
            await until_quiet()


async def test_a_heartbeat_is_held_from_the_first_call_to_the_end_of_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = anyio.Event()

    async def hold(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(b"data: ALIVE\n\n")
        await exchange.gone()
        ended.set()

    async with beating(monkeypatch) as (app, space):
        app.always("heartbeat", hold)
        async with space.session() as session:
            assert not app.asked("heartbeat")
            for text in ("a", "b"):
                assert await session.call("/echo", text=text) == text
            await until(lambda: bool(app.asked("heartbeat")))
            (request,) = app.asked("heartbeat")
            assert request.path == f"/gradio_api/heartbeat/{session.session_hash}"
            assert not ended.is_set()
        await ended.wait()
        await space.call("/echo", text="a")
        assert len(app.asked("heartbeat")) == 1


async def test_a_heartbeat_that_breaks_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with beating(monkeypatch) as (app, space):
        app.once("heartbeat", cut, cut)
        async with space.session() as session:
            await session.call("/echo", text="a")
            await until(lambda: len(app.asked("heartbeat")) == 3)
            assert await session.call("/echo", text="b") == "b"


async def test_a_server_without_heartbeats_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(404, {"detail": "Not Found"})

    async with beating(monkeypatch) as (app, space):
        app.always("heartbeat", refuse)
        async with space.session() as session:
            for text in ("a", "b"):
                assert await session.call("/echo", text=text) == text
            await until_quiet()
        assert len(app.asked("heartbeat")) == 1


async def test_leaving_waits_only_so_long_for_a_silent_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def be_silent(exchange: Exchange) -> None:
        await exchange.gone()

    async with beating(monkeypatch, cancel=0.1) as (app, space):
        app.always("heartbeat", be_silent)
        async with space.session() as session:
            await session.call("/echo", text="a")
        assert len(app.asked("heartbeat")) == 1


async def test_an_app_that_does_not_ask_for_heartbeats_gets_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with beating(monkeypatch) as (app, _):
        app.config["connect_heartbeat"] = False
        async with Space(app.url) as space, space.session() as session:
            await session.call("/echo", text="a")
            assert not app.asked("heartbeat")
