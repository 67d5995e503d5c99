"""The client of a Space that was given none: which request goes over which connection."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall._io import direct_client
from spacecall._io._http import HttpClient
from spacecall._io.client_factory import create_client
from spacecall._io.direct_client import DirectClient
from tests.faults.exchanges import Exchange, unused_port
from tests.io.tools import answering, ok, server


async def _get(client: HttpClient, url: str) -> bytes:
    response = await client.send(client.build_request("GET", url))
    body: bytes = await response.aread()
    await response.aclose()
    return body


async def test_one_request_after_another_shares_a_connection() -> None:
    async with server(ok) as app, DirectClient() as client:
        for _ in range(5):
            await _get(client, f"{app.url}/x")
        assert len(set(app.connections)) == 1


async def test_requests_at_once_have_a_connection_each_and_leave_them_to_others() -> None:
    together = 0
    met = anyio.Event()

    async def meeting(exchange: Exchange) -> None:
        nonlocal together
        together += 1
        if together == 4:
            met.set()
        await met.wait()
        await ok(exchange)

    async with server(meeting) as app, DirectClient() as client:
        for _ in range(2):
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(_get, client, f"{app.url}/x")
        assert len(set(app.connections)) == 4


async def test_each_host_has_connections_of_its_own() -> None:
    async with (
        server(answering(200, b"a")) as first,
        server(answering(200, b"b")) as second,
        DirectClient() as client,
    ):
        for _ in range(3):
            assert await _get(client, first.url) == b"a"
            assert await _get(client, second.url) == b"b"
        assert len(set(first.connections)) == len(set(second.connections)) == 1


async def test_idle_connections_are_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_client, "IDLE_SECONDS", 0.0)
    async with server(ok) as app, DirectClient() as client:
        for _ in range(3):
            await _get(client, app.url)
            await anyio.sleep(0.01)
        assert len(set(app.connections)) > 1


async def test_no_more_idle_connections_are_kept_than_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct_client, "MAX_IDLE", 1)
    async with server(ok) as app, DirectClient() as client:
        first = await client.send(client.build_request("GET", app.url))
        await _get(client, app.url)
        await first.aread()
        await first.aclose()
        await first.aclose()
        await _get(client, app.url)
        assert len(set(app.connections)) == 2


async def test_a_connection_that_fails_is_not_in_the_way_of_the_next() -> None:
    async with server(ok) as app, DirectClient() as client:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await _get(client, f"http://127.0.0.1:{unused_port()}")
            assert await _get(client, f"{app.url}/x")


async def test_closing_ends_what_is_under_way() -> None:
    async with server(ok) as app:
        async with DirectClient() as client:
            response = await client.send(client.build_request("GET", app.url))
        await response.aclose()
        assert client.is_closed


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
async def test_proxies_of_the_environment_are_left_to_httpx(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    async with create_client() as client:
        assert isinstance(client, DirectClient)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with create_client() as client:
        assert not isinstance(client, DirectClient)
