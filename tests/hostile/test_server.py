"""The hostile server is honest where a test does not make it lie."""

from __future__ import annotations

from spacecall import Space, SyncSpace
from tests.hostile.server import HostileServer, http


async def test_a_call_of_an_untouched_server_succeeds() -> None:
    with HostileServer() as server:
        async with Space(server.url) as space:
            assert await space.call("/predict", x="hi") == "ok"


def test_a_route_replaces_one_answer() -> None:
    server = HostileServer(routes={"/gradio_api/info": lambda _request, _socket: http("[]")})
    with server, SyncSpace(server.url, describe=False) as space:
        assert space.url == server.url
    assert server.paths() == ["/config"]
