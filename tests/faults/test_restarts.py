"""Apps that are started again with other functions, at every moment of what is exchanged."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    Auth,
    Retry,
    Space,
    SpaceError,
)
from tests.faults.restarting import RestartingStub, restarting
from tests.faults.tools import PATIENT

DEADLINE = 60.0
AGAIN = Retry(attempts=4, initial=0, jitter=0)
PASSWORD = Auth(username="u", password="p")


@asynccontextmanager
async def opened(
    app: RestartingStub, *, lent: bool = False, auth: Auth | None = None
) -> AsyncGenerator[Space, None]:
    """A Space on the app, with a client of its own or a lent one."""
    async with httpx.AsyncClient() as client:
        http_client = client if lent else None
        space = Space(app.url, timeouts=PATIENT, retry=AGAIN, http_client=http_client, auth=auth)
        async with space:
            yield space


async def tolerate(call: Callable[[], Awaitable[Any]]) -> str:
    """What a call gives, or how it fails."""
    try:
        return str(await call())
    except SpaceError as error:
        return type(error).__name__


async def exchange_much(space: Space) -> list[str]:
    """Each kind of call, some beside each other; what became of them."""
    outcomes: list[str] = []

    async def call(name: str) -> None:
        outcomes.append(await tolerate(lambda: _awaited(space, name)))

    async def follow() -> str:
        async with space.call("/stream", text="stream") as job:
            values = [value async for value in job.outputs]
        return str(values[-1])

    async def talk() -> str:
        async with space.session() as session:
            await session.call("/chat", text="chat")
            return str(await session.call("/chat", text="chat"))

    for name in ("echo", "plain"):
        await call(name)
    outcomes.append(await tolerate(follow))
    outcomes.append(await tolerate(talk))
    async with anyio.create_task_group() as group:
        for name in ("echo", "plain", "stream"):
            group.start_soon(call, name)
    return outcomes


async def _awaited(space: Space, name: str) -> Any:
    return await space.call(f"/{name}", text=name)


EXPECTED = ["chat", "echo", "echo", "plain", "plain", "stream", "stream"]


async def count_moments(*, lent: bool) -> int:
    async with restarting() as app, opened(app, lent=lent) as space:
        await exchange_much(space)
        return app.moments


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
async def test_no_call_reaches_another_function_whenever_the_app_is_restarted(lent: bool) -> None:
    with anyio.fail_after(DEADLINE):
        moments = await count_moments(lent=lent)
        assert moments > 30
        for moment in range(1, moments + 1):
            async with restarting() as app:
                app.moment = moment
                async with aclosing(_whenever_open(app, lent=lent)) as spaces:
                    async for space in spaces:
                        await exchange_much(space)
                        for name in ("echo", "plain"):  # the first may be its moment
                            await tolerate(partial(_awaited, space, name))
                            assert await _awaited(space, name) == name, moment
            assert app.wrong == [], f"restarted at moment {moment}"


async def _whenever_open(app: RestartingStub, *, lent: bool) -> AsyncGenerator[Space, None]:
    try:
        async with opened(app, lent=lent) as space:
            yield space
    except SpaceError:
        assert app.moments < 10, "it was restarted while the Space was opened"
