"""Clients of httpx and of httpx2 that a caller lends, and spacecall without httpx."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from unittest.mock import AsyncMock

import anyio
import httpx
import httpx2
import pytest
from wsproto.events import TextMessage

from spacecall import Auth, Timeouts
from spacecall._core.gradio_requests import Request
from spacecall._io import _http
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.lent_clients import proxy_secrets
from spacecall._io.request_settings import Settings
from spacecall._io.ws.connect import open_websocket
from spacecall.errors import DeadlineError, InvalidInputError, StatusError, TransportError
from tests.faults.exchanges import Exchange, unused_port
from tests.faults.websockets import switch
from tests.io.tools import SETTINGS, answering, ok, server

GET = Request("GET", "/x")
POST = Request("POST", "/x", json={"data": [1]})


def app_client_for(
    client: _http.HttpClient, base: str, auth: Auth | None = None, settings: Settings = SETTINGS
) -> AppHttpClient:
    return AppHttpClient(client, base, auth=auth, settings=settings, limiter=anyio.Semaphore(2))


async def test_a_lent_client_gets_and_posts(library: Any) -> None:
    auth = library.BasicAuth("me", "secret")
    client = library.AsyncClient(headers={"x-client": "client"}, auth=auth)
    async with server(ok) as app, client:
        app_client = app_client_for(client, app.url)
        for request in (GET, POST):
            answer = await app_client.fetch(request)
            assert answer.json() == {"path": "/x"}
            assert app.last.headers["x-client"] == "client"
            assert app.last.headers["authorization"].startswith("Basic ")
        assert await app.last.body() == b'{"data":[1]}'


async def test_a_lent_client_streams_bodies_up_and_down(library: Any) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        yield b"up"
        yield b"load"

    async with server(answering(200, b"down")) as app, library.AsyncClient() as client:
        app_client = app_client_for(client, app.url)
        async with (
            aclosing(chunks()) as content,
            app_client.open(Request("POST", "/upload"), content=content) as response,
        ):
            assert await response.aread() == b"down"
        assert await app.last.body() == b"upload"
        async with app_client.download(f"{app.url}/file") as response:
            assert await response.aread() == b"down"


async def test_a_lent_client_goes_bare_to_other_hosts(library: Any) -> None:
    client = library.AsyncClient(headers={"x-client": "client"}, cookies={"login": "x"})
    async with server(answering(200, b"x")) as elsewhere, server(ok) as app, client:
        async with app_client_for(client, app.url).download(f"{elsewhere.url}/file") as response:
            await response.aread()
        assert not {"x-client", "cookie"} & elsewhere.last.headers.keys()


async def test_a_lent_client_follows_redirects_of_the_app(library: Any) -> None:
    async with library.AsyncClient() as client:
        async with server(answering(302, location="/there"), ok) as app:
            assert (await app_client_for(client, app.url).fetch(GET)).json() == {"path": "/there"}
        async with server(answering(302, location="http://[")) as app:
            with pytest.raises(StatusError):
                await app_client_for(client, app.url).fetch(GET)


async def test_failures_of_a_lent_client_are_typed_errors(library: Any) -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.connection.aclose()

    async def stay_silent(_: Exchange) -> None:
        await anyio.sleep_forever()

    async with library.AsyncClient() as client:
        with pytest.raises(TransportError, match="cannot connect") as caught:
            await app_client_for(client, f"http://127.0.0.1:{unused_port()}").fetch(POST)
        assert not caught.value.sent
        assert isinstance(caught.value.__cause__, library.ConnectError)
        async with server(cut) as app:
            with pytest.raises(TransportError, match="the connection broke") as caught:
                await app_client_for(client, app.url).fetch(POST)
        assert caught.value.sent
        settings = SETTINGS.override(timeouts=Timeouts(idle=0.1))
        async with server(stay_silent) as app:
            with pytest.raises(DeadlineError) as late:
                await app_client_for(client, app.url, settings=settings).fetch(POST)
        assert late.value.phase == "idle"
        with pytest.raises(InvalidInputError, match="not a valid URL"):
            await app_client_for(client, "http://exa mple\x00").fetch(GET)


async def test_cookies_stay_out_of_a_lent_client(library: Any) -> None:
    set_cookie = answering(200, b"{}", set_cookie="session=1; Path=/")
    async with server(set_cookie) as app, library.AsyncClient() as client:
        client.cookies.set("sso", "a", domain="127.0.0.1")
        app_client = app_client_for(client, app.url)
        await app_client.fetch(GET)
        await app_client.fetch(GET)
        assert app.last.headers["cookie"] == "sso=a; session=1"
        assert app_client.cookies == {"sso": "a", "session": "1"}
        assert dict(client.cookies) == {"sso": "a"}


async def test_logs_of_a_lent_client_show_no_secrets(
    library: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server(ok) as app, library.AsyncClient() as client:
        app_client = app_client_for(client, app.url, Auth(token="t0ps3cret", hosts=["127.0.0.1"]))
        async with app_client.download(f"{app.url}/f?X-Signature=t0ps3cret"):
            pass
    lines = {record.name: record.getMessage() for record in caplog.records}
    assert "/f?X-Signature=… " in lines[library.__name__]
    assert "t0ps3cret" not in caplog.text


async def test_a_lent_client_opens_websockets(library: Any) -> None:
    async def greet(exchange: Exchange) -> None:
        peer = await switch(exchange)
        await peer.send(TextMessage("hello"))

    async with server(greet) as app, library.AsyncClient() as client:
        app_client = app_client_for(client, app.url)
        async with open_websocket(
            app_client, Request("GET", "/queue/join"), SETTINGS, headers={}
        ) as socket:
            assert await anext(socket) == "hello"
            with pytest.raises(TransportError, match="the connection broke"):
                await anext(socket)


async def test_passwords_of_a_lent_clients_proxy_are_known(library: Any) -> None:
    async with library.AsyncClient(proxy="http://me:s3cret@127.0.0.1:9") as client:
        assert "s3cret" in list(proxy_secrets(client))
    async with library.AsyncClient(proxy="socks5://me:s3cret@127.0.0.1:9") as client:
        assert "s3cret" in list(proxy_secrets(client))


def test_clients_of_both_libraries_are_recognised(library: Any) -> None:
    class Subclass(library.AsyncClient):  # type: ignore[misc]
        pass

    http_client: Any = _http.HttpClient  # for type checkers a protocol
    assert issubclass(library.AsyncClient, http_client)
    assert issubclass(Subclass, http_client)
    assert isinstance(AsyncMock(spec=library.AsyncClient), http_client)
    assert not issubclass(library.Client, http_client)
    assert not issubclass(AsyncMock, http_client)


def test_errors_of_both_libraries_are_caught() -> None:
    classes = _http.error_types("ConnectError", "InvalidURL", UnicodeError)
    assert {httpx.ConnectError, httpx2.ConnectError, httpx2.InvalidURL, UnicodeError} < {*classes}
    with pytest.raises(AttributeError):
        _http.error_types("ConectError")


WITHOUT_HTTPX = """
import sys
sys.modules["httpx"] = sys.modules["httpcore"] = sys.modules["httpx_sse"] = None
import anyio
import httpx2
from spacecall._core.gradio_requests import Request
from spacecall._io import _http
from spacecall._io.client_factory import create_client
from spacecall._io.event_stream import iterate_events
from spacecall.errors import TransportError
from tests.io.tools import answering, open_app_client, server
assert _http.LIBRARY_NAME == "httpx2"

EVENTS = b": comment\\nevent: a\\ndata: 1\\ndata: 2\\n\\ndata: 3\\n\\nid: 4\\n\\n"

async def main():
    stream = answering(200, EVENTS, content_type="text/event-stream")
    async with server(stream) as app, open_app_client(app.url) as app_client:
        async with app_client.open(Request("GET", "/x")) as response:
            print([event async for event in iterate_events(response, limit=1000)])
    async with open_app_client(app.url) as app_client:
        try:
            await app_client.fetch(Request("POST", "/x", json={}))
        except TransportError as error:
            print(type(error.__cause__).__module__, error.sent)
    async with create_client("http://127.0.0.1:9") as client:
        print(isinstance(client, httpx2.AsyncClient))

anyio.run(main)
"""


def test_the_network_works_without_httpx() -> None:
    completed = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_HTTPX],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.stderr == ""
    assert completed.stdout.splitlines() == [
        "[('a', '1\\n2'), ('message', '3')]",
        "httpx2 False",
        "True",
    ]


def test_without_both_libraries_the_error_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['httpx'] = sys.modules['httpx2'] = None\n"
        "import anyio; from spacecall import Space\n"
        "anyio.run(Space('http://127.0.0.1:9').open)"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "pip install httpx" in completed.stderr
