"""The network that fake Spaces answer in place of."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from spacecall._io.credentials import hub_endpoint
from spacecall._io.intercept import Forward, Received, Sent, intercepting
from spacecall.errors import TransportError
from spacecall.testing._fake_server import Server, answer_json


class _Network:
    """Brings each request to the fake Space that it is for."""

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self._stack = ExitStack()

    def join(self, server: Server) -> None:
        if not self.servers:
            self._stack.enter_context(intercepting(self))
        self.servers.append(server)

    def leave(self, server: Server) -> None:
        self.servers.remove(server)
        if not self.servers:
            self._stack.close()

    async def answer(self, request: Sent, forward: Forward) -> Received:  # noqa: ARG002
        """The answer of the Hub, or of a fake Space."""
        if request.url.startswith(f"{hub_endpoint()}/api/spaces/"):
            return self._hub(urlsplit(request.url).path)
        return await self._server(request.url).answer(request)

    def called_by(self, endpoint: str, schema: str) -> None:
        """See `Interceptor`."""

    def _hub(self, path: str) -> Received:
        *name, what = path.removeprefix("/api/spaces/").rsplit("/", 1)
        server = next((one for one in self.servers if [one.space] == name), None)
        if server is None and len(self.servers) == 1:
            server = self.servers[0]
        if server is None:
            return answer_json({"error": "Repository not found"}, 404)
        if what == "host":
            return answer_json({"subdomain": "fake", "host": server.base})
        return answer_json({"stage": "RUNNING"})

    def _server(self, url: str) -> Server:
        found = [one for one in self.servers if f"{url}/".startswith(f"{one.base}/")]
        if found:
            return max(found, key=lambda one: len(one.base))
        if len(self.servers) == 1:
            return self.servers[0]
        known = ", ".join(one.base for one in self.servers)
        raise TransportError(f"no fake Space is at {url}; there are: {known}")


_NETWORK: Final = _Network()

join = _NETWORK.join
leave = _NETWORK.leave
