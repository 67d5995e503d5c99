"""A stand-in for the Hub and for the proxy in front of its Spaces, over loopback.

Its answers have the shapes that SpaceRuntime, RepositoryNotFoundError and so on are read from by
the Hub's own tools: nothing here was recorded from the real Hub. Behind the proxy there can be a
real Gradio app.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from spacecall._io.response_body import iterate_chunks
from tests.faults.exchanges import Exchange, Handler, serving

TOKEN = "hf_0123456789abcdef"
NAME = "owner/name"
SHA = "0123456789abcdef0123456789abcdef01234567"
NO_LOGIN = {"error": "Invalid username or password."}
NOT_FOUND = {"error": "Repository not found"}
WAKING = "<!doctype html><html><body><h1>Your Space is starting…</h1></body></html>"
TOO_MANY = b"We had to rate limit you, you hit the quota of 1000 api requests per 5 minutes period."


def runtime(stage: str, hardware: str | None = "zero-a10g", **fields: Any) -> dict[str, Any]:
    """What the Hub says of a Space's runtime."""
    return {
        "stage": stage,
        "hardware": {"current": hardware, "requested": hardware or "cpu-basic"},
        "storage": None,
        "gcTimeout": 172800,
        "replicas": {"current": 1, "requested": 1},
        "devMode": False,
        "domains": [{"domain": "owner-name.hf.space", "stage": "READY"}],
        "sha": SHA,
    } | fields


@dataclass(eq=False)
class FakeHub:
    """The Hub, which knows one Space and one token, and the Space's own address.

    Attributes:
        stages: how the Space is, one for each time that somebody asks; the last one stays.
        waits: whether the Space goes from SLEEPING to the next stage only after a visit.
        faults: answer the next questions about the runtime in its place.
        private: whether the Space is.
        app: the address of the app behind the proxy; None for a page of HTML.
        front: answers in the place of the proxy.
        requests: to the Hub.
        visits: requests to the Space.
    """

    url: str = ""
    host: str = ""
    stages: list[dict[str, Any]] = field(default_factory=lambda: [runtime("RUNNING")])
    waits: bool = True
    faults: list[Handler] = field(default_factory=list[Handler])
    private: bool = False
    app: str | None = None
    front: Handler | None = None
    requests: list[Exchange] = field(default_factory=list[Exchange])
    visits: list[Exchange] = field(default_factory=list[Exchange])

    def goes(self, *stages: str | dict[str, Any]) -> None:
        """Let the Space go through these stages."""
        self.stages = [runtime(stage) if isinstance(stage, str) else stage for stage in stages]

    @property
    def questions(self) -> list[tuple[str, str | None]]:
        """What the Hub was asked, and with which credentials."""
        return [(request.path, request.headers.get("authorization")) for request in self.requests]

    @property
    def runs(self) -> bool:
        """Whether the app can be reached."""
        return str(self.stages[0]["stage"]).startswith("RUNNING")

    async def hub(self, exchange: Exchange) -> None:
        """Answer as the Hub."""
        self.requests.append(exchange)
        bearer = exchange.headers.get("authorization")
        is_known = bearer == f"Bearer {TOKEN}"
        path = exchange.path.removeprefix("/api/spaces/")
        if bearer is not None and not is_known:
            return await exchange.answer(401, NO_LOGIN)
        if path == "zero-gpu/quota":
            return await self._quota(exchange, is_known=is_known)
        if not path.startswith(NAME) or (self.private and not is_known):
            return await exchange.answer(
                404 if is_known else 401, NOT_FOUND if is_known else NO_LOGIN
            )
        match path.removeprefix(NAME):
            case "/host":
                await exchange.answer(200, {"subdomain": "owner-name", "host": self.host})
            case "/runtime" if self.faults:
                await self.faults.pop(0)(exchange)
            case "/runtime":
                await exchange.answer(200, self._next())
            case "/jwt":
                await exchange.answer(200, {"token": "jwt.of.owner-name"})
            case _:
                await exchange.answer(200, self._description())
        return None

    async def proxy(self, exchange: Exchange) -> None:
        """Answer as the proxy in front of the Space."""
        self.visits.append(exchange)
        if self.front is not None:
            return await self.front(exchange)
        if self.private and exchange.headers.get("x-hf-authorization") != f"Bearer {TOKEN}":
            return await exchange.html(404, "<h1>404</h1><p>Sorry, we can't find this page.</p>")
        if not self.runs:
            if self.stages[0]["stage"] == "SLEEPING" and len(self.stages) > 1:
                self.stages.pop(0)
            return await exchange.html(503, WAKING)
        if self.app is None:
            return await exchange.html(200, "<h1>an app</h1>")
        return await relay(exchange, self.app)

    def _next(self) -> dict[str, Any]:
        stays = len(self.stages) == 1 or (self.waits and self.stages[0]["stage"] == "SLEEPING")
        return self.stages[0] if stays else self.stages.pop(0)

    def _description(self) -> dict[str, Any]:
        return {
            "id": NAME,
            "author": "owner",
            "private": self.private,
            "sdk": "gradio",
            "sha": SHA,
            "cardData": {"title": "A name", "sdk": "gradio", "sdk_version": "5.50.0"},
            "runtime": self.stages[0],
        }

    async def _quota(self, exchange: Exchange, *, is_known: bool) -> None:
        if not is_known:
            return await exchange.answer(401, NO_LOGIN)
        quota = {"base": 300, "current": 260.5, "resetsAt": "2026-11-25T10:00:00.000Z"}
        return await exchange.answer(200, quota | {"overquotaUsed": 0})


@asynccontextmanager
async def serve_fake_hub() -> AsyncGenerator[FakeHub, None]:
    """A stand-in that runs while inside."""
    stand_in = FakeHub()
    async with serving(stand_in.hub) as stand_in.url, serving(stand_in.proxy) as stand_in.host:
        yield stand_in


def refusing(status: int, content: Any = b"", **headers: str) -> Handler:
    """A handler that answers so; underscores in the names of headers become hyphens."""

    async def answer(exchange: Exchange) -> None:
        renamed = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(status, content, renamed)

    return answer


async def relay(exchange: Exchange, app: str) -> None:
    """Hand a request on to a real app, and its answer back as it comes."""
    headers = {k: v for k, v in exchange.headers.items() if k in ("content-type", "cookie")}
    content = await exchange.body()
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream(
            exchange.method,
            f"{app}{exchange.path}",
            params=exchange.query,
            headers=headers,
            content=content,
        ) as response,
    ):
        await exchange.begin(response.headers["content-type"])
        async with aclosing(iterate_chunks(response)) as chunks:
            async for chunk in chunks:
                await exchange.send(chunk)
        await exchange.end()


class Doors(httpx.AsyncBaseTransport):
    """Leads the hosts of Hugging Face to loopback, so that tokens go by their real names.

    Attributes:
        seen: url and headers of each request, as they left the client.
    """

    def __init__(self, doors: Sequence[tuple[str, str]]) -> None:
        self._doors = dict(doors)
        self._inner = httpx.AsyncHTTPTransport(verify=False)  # reading certificates takes 20 ms
        self.seen: list[httpx.Request] = []

    def allow(self, url: str) -> None:
        """Let a host be reached by its own name too."""
        self._doors[httpx.URL(url).host] = url

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        door = httpx.URL(self._doors[request.url.host])
        url = request.url.copy_with(scheme=door.scheme, host=door.host, port=door.port)
        inner = httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._inner.handle_async_request(inner)

    async def aclose(self) -> None:
        await self._inner.aclose()
