"""Credentials are in no error, no repr and no log, whatever goes wrong."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from spacecall import Auth, Retry, Space, SpaceError, Timeouts
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Route, Stub, cut, stub
from tests.faults.tools import DEADLINE, until_quiet

SECRET = "S3CRET"
AUTH = Auth(
    token=f"hf_{SECRET}token", username="me", password=f"{SECRET}password", hosts=["127.0.0.1"]
)
HEADERS = {"x-api-key": f"{SECRET}header", "cookie": f"own={SECRET}own"}
COOKIE = f"access-token-1={SECRET}cookie"
OPTIONS: dict[str, Any] = {
    "auth": AUTH,
    "headers": HEADERS,
    "timeouts": Timeouts(idle=1, run=1, upload=1, cancel=1),
    "retry": Retry(attempts=2, wait_initial=0, jitter=0),
}


@asynccontextmanager
async def guarded() -> AsyncGenerator[Stub, None]:
    """A stand-in that wants a login."""

    async def ask_for_login(exchange: Exchange) -> None:
        await exchange.answer(401, {"detail": "Not authenticated"})

    with anyio.fail_after(2 * DEADLINE):
        async with stub() as app:
            app.once("config", ask_for_login)
            app.login_cookie = COOKIE
            yield app


def shown(error: BaseException) -> str:
    """Everything that printing an error or its causes can show."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is not None and current not in seen:
            seen.append(current)
            todo += [current.__cause__, current.__context__]
    texts = [text for cause in seen for text in (str(cause), repr(cause), repr(cause.args))]
    return "\n".join([*texts, *traceback.format_exception(error)])


async def hang(exchange: Exchange) -> None:
    await exchange.gone()


async def refuse(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.answer(403, {"detail": "Forbidden"}, {"set-cookie": COOKIE})


async def break_down(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.answer(500, b"oops")


async def redirect(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.answer(302, b"", {"location": "http://127.0.0.1:1/elsewhere"})


async def nonsense(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.answer(200, b"nonsense", {"x-odd": "1"})


FAULTS: list[Handler] = [hang, cut, refuse, break_down, redirect, nonsense]


async def everything_that_can_fail(app: Stub, space: Space) -> list[BaseException]:
    calls: list[tuple[Route, str, dict[str, object]]] = [
        ("join", "/echo", {"text": "x"}),
        ("data", "/echo", {"text": "x"}),
        ("run", "/plain", {"text": "x"}),
        ("upload", "/file", {"file": b"x"}),
    ]
    errors: list[BaseException] = []
    for fault in FAULTS:
        for route, endpoint, argument in calls:
            app.always(route, fault)
            try:
                await space.call(endpoint, **argument)
            except SpaceError as error:
                errors.append(error)
            app.recover()
        file = await space.call("/file", file=b"x")
        app.always("file", fault)
        try:
            await file.read()
        except SpaceError as error:
            errors.append(error)
        app.recover()
    return errors


async def test_the_app_gets_them() -> None:
    async with guarded() as app, Space(app.url, **OPTIONS) as space:
        await space.call("/echo", text="x")
        file = await space.call("/file", file=b"x")
        await file.read()
    joins = [
        exchange for route, exchange in app.requests if route in ("join", "data", "upload", "file")
    ]
    assert joins
    for exchange in joins:
        assert exchange.headers["authorization"] == f"Bearer hf_{SECRET}token"
        assert exchange.headers["x-api-key"] == f"{SECRET}header"
        assert COOKIE in exchange.headers["cookie"]


async def test_errors_do_not_show_them() -> None:
    async with guarded() as app, Space(app.url, **OPTIONS) as space:
        errors = await everything_that_can_fail(app, space)
        await until_quiet()
    assert len(errors) >= 4 * len(FAULTS)
    for error in errors:
        assert SECRET not in shown(error)


async def test_a_failed_login_does_not_show_them() -> None:
    async with guarded() as app:
        app.login_cookie = None
        with pytest.raises(SpaceError, match="wrong username or password") as caught:
            async with Space(app.url, **OPTIONS):
                pytest.fail("it opened")
    assert SECRET not in shown(caught.value)


async def test_no_repr_shows_them() -> None:
    things: list[object] = [AUTH, Space("http://app", **OPTIONS)]
    async with guarded() as app, Space(app.url, **OPTIONS) as space:
        session = space.session(cookies={"replica": f"{SECRET}cookie"})
        call = session.call("/echo", text="x").with_options(headers=HEADERS)
        things += [space, session, call, space.with_options(headers=HEADERS), space.endpoints]
        things += [*space.endpoints.values(), await space.call("/file", file=b"x")]
        ticket = await space.call("/hold", text="x").detach()
        collected = space.collect(ticket)
        things += [ticket, collected, ticket.to_json(), dict(ticket.cookies)]
        async with space.call("/stream", text="a b") as job:
            things += [job, job.outputs, job.text, await job.result()]
        async with call as job:
            things += [event async for event in job]
        async with collected:
            pass
    for thing in things:
        assert SECRET not in repr(thing), type(thing)
        assert SECRET not in str(thing), type(thing)


async def test_no_log_shows_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with guarded() as app, Space(app.url, **OPTIONS) as space:
        await everything_that_can_fail(app, space)
        app.once("cancel", cut)
        async with space.call("/hold", text="x") as job:
            await anext(job)
        await until_quiet()
    assert any(record.name.startswith("spacecall") for record in caplog.records)
    for record in caplog.records:
        assert SECRET not in record.getMessage(), record.name
        assert SECRET not in repr(record.args), record.name
