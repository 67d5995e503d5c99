"""A stand-in whose app is started again, with its functions in another order, at any moment."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio.abc import ByteStream

from tests.faults import description
from tests.faults.description import NAMES
from tests.faults.exchanges import Exchange, serving
from tests.faults.stub import Route, Stub

POSTS: tuple[Route, ...] = ("join", "run")


class RestartingStub(Stub):
    """An app of which each run rotates the numbers of its functions.

    A call says in its argument which function it means.

    Attributes:
        moment: at which the app is restarted: before each request and after each answer is one.
        moments: how many there have been.
        proxied: whether something in front of the app keeps its connections.
        wrong: what reached another function than was meant, or another run's.
        seeded: whether each run has the same id, as of an app that seeds `random`.
        prefix: of the paths that this run answers, /config and /login aside.
        login: what an app with a login calls its cookie.
        valid_login: the value of that cookie which it knows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0
        self.moments = 0
        self.proxied = False
        self.wrong: list[str] = []
        self.seeded = False
        self.prefix = "/gradio_api"
        self.login = ""
        self.valid_login = ""
        self.run = 1
        self._connections: dict[ByteStream, int] = {}
        self._begin()

    def _begin(self) -> None:
        """Begin a run: another id, other numbers, no sessions, no logins."""
        self.sessions.clear()
        app_id = 1 if self.seeded else self.run
        config = description.config(app_id=app_id, api_prefix=self.prefix)
        numbers = [(index + self.run) % len(NAMES) for index in range(len(NAMES))]
        for dependency, number in zip(config["dependencies"], numbers, strict=True):
            dependency["id"] = number
        self.config = config
        self.numbers = numbers
        if self.login:
            self.valid_login = str(self.run)
            self.login_cookie = f"access-token-{self.login}={self.run}; Path=/"

    async def restart(self) -> None:
        """Start the app again; the connections of its process end with that."""
        self.run += 1
        self._begin()
        if not self.proxied:
            await self.disconnect()

    async def disconnect(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            await connection.aclose()

    async def __call__(self, exchange: Exchange) -> None:
        self._connections.setdefault(exchange.connection, self.run)
        await self._is_over()
        await self._cut_if_gone(exchange)
        route = exchange.path.removeprefix("/gradio_api")
        if not self._has_path(exchange.path):
            await exchange.answer(404, {"detail": "Not Found"})
        elif self.login and route not in ("/login", "/app_id") and not self._is_logged_in(exchange):
            await exchange.answer(401, {"detail": "Not authenticated"})
        else:
            await super().__call__(exchange)
        await self._is_over()

    def _has_path(self, path: str) -> bool:
        if path in ("/config", "/login"):
            return True
        return path.startswith("/gradio_api") == (self.prefix == "/gradio_api")

    async def _cut_if_gone(self, exchange: Exchange) -> None:
        """Answer nothing more on the connections of a process that is gone."""
        if self._connections[exchange.connection] != self.run and not self.proxied:
            await exchange.cut()

    def _is_logged_in(self, exchange: Exchange) -> bool:
        return f"access-token-{self.login}={self.valid_login}" in exchange.headers.get("cookie", "")

    async def _is_over(self) -> None:
        self.moments += 1
        if self.moments == self.moment:
            await self.restart()

    async def behave(self, route: Route, exchange: Exchange) -> None:
        """As a stand-in, which knows the function by the number of this run."""
        if route in POSTS:
            body = await exchange.json()
            await self._cut_if_gone(exchange)
            function = self.numbers.index(body["fn_index"])
            meant = "file" if isinstance(body["data"][0], dict) else body["data"][0]
            if meant != NAMES[function]:
                self.wrong.append(f"{meant} reached {NAMES[function]}")
            exchange._body = json.dumps({**body, "fn_index": function}).encode()
        await super().behave(route, exchange)


class ReplicatedStub(Stub):
    """Runs of one app behind a balancer, which gives each new connection to the next one.

    Args:
        number: how many there are.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._connections: dict[ByteStream, int] = {}

    async def __call__(self, exchange: Exchange) -> None:
        self.config = self._describe(self._replica(exchange))
        await super().__call__(exchange)

    def _replica(self, exchange: Exchange) -> int:
        number = len(self._connections) % self._number
        return self._connections.setdefault(exchange.connection, number)

    def _describe(self, replica: int) -> dict[str, Any]:
        return description.config(app_id=replica)


class VersionsStub(ReplicatedStub):
    """Versions of one app behind a balancer: the arguments of each are in another order.

    Attributes:
        wrong: arguments that reached another version than they were arranged for.
    """

    def __init__(self) -> None:
        super().__init__(2)
        self.wrong: list[str] = []

    def _describe(self, replica: int) -> dict[str, Any]:
        config = description.config(app_id=replica)
        component = config["components"][0]
        config["components"] += [
            {**component, "id": number, "props": {"label": label}}
            for number, label in enumerate("xy", 10)
        ]
        config["dependencies"] = config["dependencies"][:1]
        config["dependencies"][0]["inputs"] = [11, 10] if replica else [10, 11]
        return config

    async def behave(self, route: Route, exchange: Exchange) -> None:
        """As a stand-in, whose function takes two texts, of which each is its own name."""
        names = ["y", "x"] if self._replica(exchange) else ["x", "y"]
        if route == "info":
            info = description.info()
            (parameter,) = info["named_endpoints"]["/echo"]["parameters"]
            parameters = [{**parameter, "parameter_name": name, "label": name} for name in names]
            endpoint = {**info["named_endpoints"]["/echo"], "parameters": parameters}
            await exchange.answer(200, {**info, "named_endpoints": {"/echo": endpoint}})
            return
        if route == "join" and (data := (await exchange.json())["data"]) != names:
            self.wrong.append(str(data))
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
