import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from spacecall import Space


@dataclass
class App:
    """What FastAPI and Starlette give a lifespan."""

    address: str
    state: dict[str, Any] = field(default_factory=dict[str, Any])


@asynccontextmanager
async def lifespan(app: App) -> AsyncGenerator[None, None]:
    async with Space(app.address) as space:
        app.state["space"] = space
        yield


async def greet(app: App, name: str) -> str:
    """A request: it runs in a task of its own."""
    greeting: str = await app.state["space"].call("/greet", name=name)
    return greeting


async def serve(app: App) -> None:
    async with lifespan(app), asyncio.TaskGroup() as requests:
        answers = [requests.create_task(greet(app, name)) for name in ("Ada", "Grace")]
    print(*[answer.result() for answer in answers], sep="\n")


asyncio.run(serve(App(sys.argv[1])))
