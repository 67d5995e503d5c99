"""A stand-in whose app is started again, with its functions in another order, at any moment."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio.abc import ByteStream

from tests.faults import description
from tests.faults.exchanges import Exchange, serving
from tests.faults.stub import Route, Stub

NAMES = ("echo", "stream", "chat", "plain", "hold", "file")
POSTS: tuple[Route, ...] = ("join", "run")


class RestartingStub(Stub):
    """An app of which each run rotates the numbers of its functions.

    A call says in its argument which function it means.

    Attributes:
        moment: at which the app is restarted: before each request and after each answer is one.
        moments: how many there have been.
        proxied: whether something in front of the app keeps its connections.
        wrong: what reached another function than was meant, or another run's.
        login: what an app with a login calls its cookie.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0
        self.moments = 0
        self.proxied = False
        self.wrong: list[str] = []
        self.login = ""
        self.run = 1
        self._connections: dict[ByteStream, int] = {}
        self._begin()

    def _begin(self) -> None:
        """Begin a run: another id, other numbers, no sessions, no logins."""
        self.sessions.clear()
        config = description.config(app_id=self.run)
        numbers = [(place + self.run) % len(NAMES) for place in range(len(NAMES))]
        for dependency, number in zip(config["dependencies"], numbers, strict=True):
            dependency["id"] = number
        self.config = config
        self.numbers = numbers
        if self.login:
            self.login_cookie = f"access-token-{self.login}={self.run}; Path=/"

    async def restart(self) -> None:
        """Start the app again; the connections of its process end with that."""
        self.run += 1
        self._begin()
        if not self.proxied:
            for connection in list(self._connections):
                await connection.aclose()

    async def __call__(self, exchange: Exchange) -> None:
        run = self._connections.setdefault(exchange.connection, self.run)
        if await self._is_over() or (run != self.run and not self.proxied):
            await exchange.cut()  # to a process that is gone
        route = exchange.path.removeprefix("/gradio_api")
        if self.login and route not in ("/login", "/app_id") and not self._is_logged_in(exchange):
            await exchange.answer(401, {"detail": "Not authenticated"})
        else:
            await super().__call__(exchange)
        await self._is_over()

    def _is_logged_in(self, exchange: Exchange) -> bool:
        return f"access-token-{self.login}={self.run}" in exchange.headers.get("cookie", "")

    async def _is_over(self) -> bool:
        self.moments += 1
        if self.moments != self.moment:
            return False
        await self.restart()
        return True

    async def behave(self, route: Route, exchange: Exchange) -> None:
        """As a stand-in, which knows the function by the number of this run."""
        if route in POSTS:
            body = await exchange.json()
            function = self.numbers.index(body["fn_index"])
            if body["data"][0] != NAMES[function]:
                self.wrong.append(f"{body['data'][0]} reached {NAMES[function]}")
            exchange._body = json.dumps({**body, "fn_index": function}).encode()
        await super().behave(route, exchange)


@asynccontextmanager
async def restarting(
    prepare: Callable[[RestartingStub], Any] = lambda _: None,
) -> AsyncGenerator[RestartingStub, None]:
    """A stand-in that runs while inside."""
    app = RestartingStub()
    prepare(app)
    app._begin()
    async with serving(app) as app.url:
        yield app
