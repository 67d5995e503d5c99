"""One way to one app: answers, redirects, cookies, connections."""

from __future__ import annotations

from dataclasses import replace

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from spacecall import Limits, Retry, Timeouts
from spacecall._core.gradio_requests import Request
from spacecall._io.app_http_client import USER_AGENT, AppHttpClient
from spacecall.errors import (
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    StatusError,
    TransportError,
)
from tests.faults.exchanges import Exchange, unused_port
from tests.io.tools import SETTINGS, answering, ok, open_app_client, server

GET = Request("GET", "/a")
POST = Request("POST", "/a", json={"x": 1})


async def cut(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.cut()


async def test_a_request_has_its_query_its_body_and_our_name() -> None:
    async with server(ok) as app, open_app_client(app.url) as app_client:
        answer = await app_client.fetch(Request("POST", "/a b", {"q": "1&2"}, json={"x": "é"}))
        assert answer.json() == {"path": "/a%20b"}
        assert answer.url == f"{app.url}/a%20b?q=1%262"
        assert await app.last.json() == {"x": "é"}
        assert app.last.query == {"q": "1&2"}
        assert app.last.headers["user-agent"] == USER_AGENT
        assert app.last.headers["x-mine"] == "mine"
        await app_client.fetch(Request("POST", "/form", form={"a": "1 2"}))
        assert await app.last.body() == b"a=1+2"


async def test_headers_of_one_request_are_added() -> None:
    async with server(ok) as app, open_app_client(app.url) as app_client:
        settings = SETTINGS.override(headers={"x-call": "call"})
        await app_client.fetch(GET, settings, headers={"x-one": "one"})
        sent = {name: app.last.headers.get(name) for name in ("x-mine", "x-call", "x-one")}
        assert sent == {"x-mine": "mine", "x-call": "call", "x-one": "one"}


async def test_an_answer_that_is_no_json_says_what_it_is() -> None:
    page = answering(200, b"<p>", content_type="text/html")
    async with server(page) as app, open_app_client(app.url) as app_client:
        answer = await app_client.fetch(GET)
        with pytest.raises(ProtocolError, match=r"expected JSON from .*/a, got text/html"):
            answer.json()


async def test_an_error_status_is_raised_with_its_body() -> None:
    async with server(answering(404, b"gone")) as app, open_app_client(app.url) as app_client:
        with pytest.raises(NotFoundError) as caught:
            await app_client.fetch(GET)
        assert (caught.value.status, caught.value.body) == (404, "gone")
        assert caught.value.space == app.url


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_an_answer_over_the_limit_is_not_read_whole(status: int) -> None:
    """Of an error, whose status matters more, the beginning is read."""
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        await exchange._head(status, {"transfer-encoding": "chunked"})
        while True:
            await exchange.send(b"x" * 1000)
            sent += 1000

    async with server(endless) as app, open_app_client(app.url) as app_client:
        expected = ProtocolError if status == 200 else StatusError
        with pytest.raises(
            expected, match=r"more than 10000 bytes \(raise Limits.max_body_bytes\)|xxx"
        ) as raised:
            await app_client.fetch(POST)
    assert sent < 50_000_000
    if isinstance(raised.value, StatusError):
        assert raised.value.body == "x" * 2**16


@pytest.mark.parametrize("body", [b"", b"Internal Server Error"])
async def test_after_a_500_the_connection_is_not_used_again(body: bytes) -> None:
    async with server(answering(500, body), ok) as app, open_app_client(app.url) as app_client:
        with pytest.raises(StatusError, match="500"):
            await app_client.fetch(POST)
        await app_client.fetch(POST)
        await app_client.fetch(POST)
    first, second, third = app.connections
    assert first != second, "the server closes that one as soon as it is used"
    assert second == third


async def test_after_an_error_of_the_caller_the_connection_is_kept() -> None:
    async with server(answering(422, b"no"), ok) as app, open_app_client(app.url) as app_client:
        with pytest.raises(InvalidInputError):
            await app_client.fetch(POST)
        await app_client.fetch(POST)
    assert len(set(app.connections)) == 1


async def test_a_refused_connection_is_tried_again_and_was_not_sent() -> None:
    async with open_app_client(f"http://127.0.0.1:{unused_port()}") as app_client:
        with pytest.raises(TransportError, match="cannot connect") as caught:
            await app_client.fetch(POST)
    assert not caught.value.sent


async def test_a_cut_before_the_answer_repeats_a_get_and_never_a_post() -> None:
    async with server(cut, ok) as app, open_app_client(app.url) as app_client:
        assert (await app_client.fetch(GET)).json() == {"path": "/a"}
        assert len(app.seen) == 2
    async with server(cut, ok) as app, open_app_client(app.url) as app_client:
        with pytest.raises(TransportError) as caught:
            await app_client.fetch(POST)
        assert caught.value.sent
        assert len(app.seen) == 1


async def test_a_silent_server_is_given_up() -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.gone()

    settings = replace(SETTINGS, timeouts=Timeouts(idle=0.1), retry=Retry(attempts=1))
    async with server(silent) as app, open_app_client(app.url, settings=settings) as app_client:
        with pytest.raises(DeadlineError) as caught:
            await app_client.fetch(GET)
        assert caught.value.phase == "idle"


@pytest.mark.parametrize("bad", ["http://[::g]", "http://a:b", "http://a\x00b"])
async def test_an_address_that_cannot_be_one_is_invalid_input(bad: str) -> None:
    async with open_app_client(bad) as app_client:
        with pytest.raises(InvalidInputError):
            await app_client.fetch(GET)


async def test_a_moved_link_is_elsewhere_and_the_first_one_is_not() -> None:
    async with open_app_client("http://one") as app_client:
        assert app_client.with_base_url("http://two").base == "http://two"
        assert app_client.base == "http://one"


async def test_what_an_injected_client_adds_goes_to_the_app_only() -> None:
    auth = httpx.BasicAuth("me", "secret")
    async with (
        server(answering(200, b"x")) as elsewhere,
        server(ok) as app,
        httpx.AsyncClient(headers={"x-client": "client"}, auth=auth) as client,
    ):
        app_client = AppHttpClient(
            client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
        )
        for url in (f"{app.url}/file", f"{elsewhere.url}/file"):
            async with app_client.download(url) as response:
                await response.aread()
        assert app.last.headers["x-client"] == "client"
        assert "authorization" in app.last.headers
        assert "x-client" not in elsewhere.last.headers
        assert "authorization" not in elsewhere.last.headers


async def test_short_requests_wait_for_each_other_at_the_gate() -> None:
    running, most = 0, 0

    async def counted(exchange: Exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await checkpoint()
        running -= 1
        await ok(exchange)

    async with (
        server(counted) as app,
        open_app_client(app.url) as app_client,
        anyio.create_task_group() as group,
    ):
        for _ in range(8):
            group.start_soon(app_client.fetch, GET)
    assert len(app.seen) == 8
    assert most == 2


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="body"):
        Limits(max_body_bytes=0)
