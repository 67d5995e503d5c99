"""What goes over the wire, seen at the HTTP client."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Wire:
    """The requests that were sent with `client`, in order."""

    client: httpx.AsyncClient
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])

    def to(self, end: str) -> list[httpx.Request]:
        """Those whose path ends so."""
        return [one for one in self.requests if one.url.path.endswith(end)]

    def bodies(self, end: str) -> list[dict[str, Any]]:
        """Their JSON."""
        return [json.loads(one.content) for one in self.to(end)]

    def text(self) -> str:
        """Addresses and headers of all of them."""
        return "\n".join(f"{one.url} {sorted(one.headers.items())}" for one in self.requests)


@asynccontextmanager
async def watched() -> AsyncGenerator[Wire, None]:
    """A client, to be given as `http_client`, whose requests are kept."""

    async def keep(request: httpx.Request) -> None:
        wire.requests.append(request)

    async with httpx.AsyncClient(event_hooks={"request": [keep]}) as client:
        wire = Wire(client)
        yield wire
