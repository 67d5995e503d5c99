"""The network of fake Spaces: it routes each request to the fake Space at its address."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from spacecall._io.credentials import hub_endpoint
from spacecall._io.interceptor import (
    Forward,
    InterceptedRequest,
    InterceptedResponse,
    intercepting,
)
from spacecall.errors import TransportError
from spacecall.testing._fake_server import FakeServer, make_json_response


class _Network:
    """Routes each request to a fake Space, or to a fake Hub that knows the fake Spaces."""

    def __init__(self) -> None:
        self.servers: list[FakeServer] = []
        self._stack = ExitStack()

    def register(self, server: FakeServer) -> None:
        """Add a fake Space; from the first on, no request reaches the real network."""
        if not self.servers:
            self._stack.enter_context(intercepting(self))
        self.servers.append(server)

    def unregister(self, server: FakeServer) -> None:
        """Remove a fake Space; after the last, requests reach the real network again."""
        self.servers.remove(server)
        if not self.servers:
            self._stack.close()

    async def answer(
        self,
        request: InterceptedRequest,
        forward: Forward,  # noqa: ARG002
    ) -> InterceptedResponse:
        """Return the response of the fake Hub or of a fake Space."""
        if request.url.startswith(f"{hub_endpoint()}/api/spaces/"):
            return self._answer_hub(urlsplit(request.url).path)
        return await self._find_server(request.url).answer(request)

    @property
    def recording(self) -> str:
        """An empty text: a fake Space is not a recording."""
        return ""

    def reports_drift(self, endpoint: str, pinned: str, live: str) -> bool:  # noqa: ARG002
        """Return False: a fake Space is like an app."""
        return False

    def _answer_hub(self, path: str) -> InterceptedResponse:
        *space_id, resource = path.removeprefix("/api/spaces/").rsplit("/", 1)
        server = next((server for server in self.servers if [server.space_id] == space_id), None)
        if server is None and len(self.servers) == 1:
            server = self.servers[0]
        if server is None:
            return make_json_response({"error": "Repository not found"}, 404)
        if resource == "host":
            return make_json_response({"subdomain": "fake", "host": server.base_url})
        return make_json_response({"stage": "RUNNING"})

    def _find_server(self, url: str) -> FakeServer:
        servers = [server for server in self.servers if f"{url}/".startswith(f"{server.base_url}/")]
        if servers:
            return max(servers, key=lambda server: len(server.base_url))
        if len(self.servers) == 1:
            return self.servers[0]
        addresses = ", ".join(server.base_url for server in self.servers)
        raise TransportError(f"no fake Space is at {url}; fake Spaces are at: {addresses}")


_NETWORK: Final = _Network()

register = _NETWORK.register
unregister = _NETWORK.unregister
