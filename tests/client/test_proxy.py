"""A Space through a proxy: real servers, behind a proxy of the tests."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall import InvalidInputError, Space, SyncSpace, TransportError
from tests.client.proxies import Greet, http, proxy, socks5
from tests.servers import AppServer


@pytest.mark.parametrize(
    ("scheme", "greet"), [("http", http), ("socks5", socks5)], ids=["http", "socks5"]
)
async def test_every_request_goes_through_the_proxy(
    protocol_app_6: AppServer, scheme: str, greet: Greet
) -> None:
    with anyio.fail_after(30):
        async with proxy(greet) as (port, targets):
            address = f"{scheme}://user:secret@127.0.0.1:{port}"
            async with Space(protocol_app_6.url, proxy=address) as space:
                assert await space.call("/echo", text="x") == "x"
                async with space.call("/stream_text", text="hi", n=2) as job:
                    assert await job.result()
                assert "secret" not in repr(space)
    assert len(targets) >= 1
    assert set(targets) == {("127.0.0.1", protocol_app_6.port)}


async def test_a_proxy_that_is_not_there_is_a_failure_to_connect() -> None:
    with pytest.raises(TransportError, match="cannot connect") as caught:
        async with Space("http://app.invalid", proxy="http://u:secret@127.0.0.1:9"):
            pass
    message = caught.value.message
    assert message.startswith("cannot connect to the proxy http://127.0.0.1:9 (proxy=…): ")
    assert "secret" not in message


@pytest.mark.parametrize("address", ["ftp://u:secret@h", "u:secret"])
async def test_what_is_no_proxy_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(InvalidInputError, match="the proxy must be") as caught:
        async with Space("http://app.invalid", proxy=address):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("port", ["0", "99999"])
async def test_a_port_that_a_proxy_cannot_have_is_refused(port: str) -> None:
    with pytest.raises(InvalidInputError, match=f"has the port {port}: ports begin at 1") as caught:
        async with Space("http://app.invalid", proxy=f"http://u:secret@127.0.0.1:{port}"):
            pass
    assert "secret" not in str(caught.value)


async def test_a_client_of_ones_own_brings_its_own_proxy() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ValueError, match="http_client"):
            Space("http://app.invalid", http_client=client, proxy="http://127.0.0.1:9")
    with pytest.raises(InvalidInputError), SyncSpace("http://app.invalid", proxy="nowhere"):
        pass
