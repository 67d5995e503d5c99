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
        return [request for request in self.requests if request.url.path.endswith(end)]

    def bodies(self, end: str) -> list[dict[str, Any]]:
        """Their JSON."""
        return [json.loads(request.content) for request in self.to(end)]

    def text(self) -> str:
        """Addresses and headers of all of them."""
        return "\n".join(
            f"{request.url} {sorted(request.headers.items())}" for request in self.requests
        )


class _Recording(httpx.AsyncHTTPTransport):
    """Keeps the requests that are sent; one that was stopped before it could be is not."""

    def __init__(self, requests: list[httpx.Request]) -> None:
        super().__init__()
        self._requests = requests

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._requests.append(request)
        try:
            return await super().handle_async_request(request)
        except Exception:
            self._requests.remove(request)
            raise


@asynccontextmanager
async def watched() -> AsyncGenerator[Wire, None]:
    """A client, to be given as `http_client`, whose requests are kept."""
    requests: list[httpx.Request] = []
    async with httpx.AsyncClient(transport=_Recording(requests)) as client:
        yield Wire(client, requests)
