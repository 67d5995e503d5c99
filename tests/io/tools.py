"""App clients for loopback servers with scripted responses."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from hypothesis import settings as hypothesis_settings

from spacecall import Auth, Limits, Retry, Timeouts
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.client_factory import create_client
from spacecall._io.request_settings import Settings
from tests.faults.exchanges import Exchange, Handler, serving

DEADLINE = 30.0
"""Seconds that a test may take."""

STEADY = hypothesis_settings(deadline=None, derandomize=True, database=None, max_examples=100)
"""The same examples on every run, and no deadline for one: a busy machine is no defect."""

SETTINGS = Settings(
    timeouts=Timeouts(connect=3, idle=3, upload=DEADLINE),
    retry=Retry(attempts=3, wait_initial=0, jitter=0),
    limits=Limits(max_body_bytes=10_000, max_event_bytes=10_000),
    headers={"x-mine": "mine"},
)


class Server:
    """Answers each request with the next of `answers`, the last one again and again."""

    def __init__(self, *answers: Handler) -> None:
        self.url = ""
        self.seen: list[Exchange] = []
        self.connections: list[int] = []
        """Which connection each request came over."""
        self._answers = list(answers)

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.path.endswith("/app_id"):  # of no interest here
            await exchange.answer(200, {"app_id": None})
            return
        await exchange.body()
        self.seen.append(exchange)
        self.connections.append(id(exchange.connection))
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        await answer(exchange)

    @property
    def last(self) -> Exchange:
        """The newest request."""
        return self.seen[-1]


@asynccontextmanager
async def server(*answers: Handler) -> AsyncGenerator[Server, None]:
    """A loopback server; nothing in it may take longer than `DEADLINE`."""
    scripted = Server(*answers)
    with anyio.fail_after(DEADLINE):
        async with serving(scripted) as scripted.url:
            yield scripted


@asynccontextmanager
async def open_app_client(
    base: str, *, auth: Auth | None = None, settings: Settings = SETTINGS
) -> AsyncGenerator[AppHttpClient, None]:
    """A app_client to `base` over a client of its own."""
    async with create_client() as client:
        yield AppHttpClient(client, base, auth=auth, settings=settings, limiter=anyio.Semaphore(2))


async def ok(exchange: Exchange) -> None:
    """200, with the path that was asked for."""
    await exchange.answer(200, {"path": exchange.path})


def answering(status: int, body: bytes = b"", **headers: str) -> Handler:
    """A whole answer; underscores in the names of headers stand for hyphens."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body, {k.replace("_", "-"): v for k, v in headers.items()})

    return answer
