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
from tests.io.tools import SETTINGS, answering, linked, ok, server

GET = Request("GET", "/a")
POST = Request("POST", "/a", json={"x": 1})


async def cut(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.cut()


async def test_a_request_has_its_query_its_body_and_our_name() -> None:
    async with server(ok) as app, linked(app.url) as link:
        answer = await link.fetch(Request("POST", "/a b", {"q": "1&2"}, json={"x": "é"}))
        assert answer.json() == {"path": "/a%20b"}
        assert answer.url == f"{app.url}/a%20b?q=1%262"
        assert await app.last.json() == {"x": "é"}
        assert app.last.query == {"q": "1&2"}
        assert app.last.headers["user-agent"] == USER_AGENT
        assert app.last.headers["x-mine"] == "mine"
        await link.fetch(Request("POST", "/form", form={"a": "1 2"}))
        assert await app.last.body() == b"a=1+2"


async def test_headers_of_one_request_are_added() -> None:
    async with server(ok) as app, linked(app.url) as link:
        settings = SETTINGS.override(headers={"x-call": "call"})
        await link.fetch(GET, settings, headers={"x-one": "one"})
        sent = {name: app.last.headers.get(name) for name in ("x-mine", "x-call", "x-one")}
        assert sent == {"x-mine": "mine", "x-call": "call", "x-one": "one"}


async def test_an_answer_that_is_no_json_says_what_it_is() -> None:
    page = answering(200, b"<p>", content_type="text/html")
    async with server(page) as app, linked(app.url) as link:
        answer = await link.fetch(GET)
        with pytest.raises(ProtocolError, match=r"expected JSON from .*/a, got text/html"):
            answer.json()


async def test_an_error_status_is_raised_with_its_body() -> None:
    async with server(answering(404, b"gone")) as app, linked(app.url) as link:
        with pytest.raises(NotFoundError) as caught:
            await link.fetch(GET)
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

    async with server(endless) as app, linked(app.url) as link:
        expected = ProtocolError if status == 200 else StatusError
        with pytest.raises(
            expected, match=r"more than 10000 bytes \(raise Limits.max_body_bytes\)|xxx"
        ) as raised:
            await link.fetch(POST)
    assert sent < 50_000_000
    if isinstance(raised.value, StatusError):
        assert raised.value.body == "x" * 2**16


@pytest.mark.parametrize("body", [b"", b"Internal Server Error"])
async def test_after_a_500_the_connection_is_not_used_again(body: bytes) -> None:
    async with server(answering(500, body), ok) as app, linked(app.url) as link:
        with pytest.raises(StatusError, match="500"):
            await link.fetch(POST)
        await link.fetch(POST)
        await link.fetch(POST)
    first, second, third = app.connections
    assert first != second, "the server closes that one as soon as it is used"
    assert second == third


async def test_after_an_error_of_the_caller_the_connection_is_kept() -> None:
    async with server(answering(422, b"no"), ok) as app, linked(app.url) as link:
        with pytest.raises(InvalidInputError):
            await link.fetch(POST)
        await link.fetch(POST)
    assert len(set(app.connections)) == 1


async def test_a_refused_connection_is_tried_again_and_was_not_sent() -> None:
    async with linked(f"http://127.0.0.1:{unused_port()}") as link:
        with pytest.raises(TransportError, match="cannot connect") as caught:
            await link.fetch(POST)
    assert not caught.value.sent


async def test_a_cut_before_the_answer_repeats_a_get_and_never_a_post() -> None:
    async with server(cut, ok) as app, linked(app.url) as link:
        assert (await link.fetch(GET)).json() == {"path": "/a"}
        assert len(app.seen) == 2
    async with server(cut, ok) as app, linked(app.url) as link:
        with pytest.raises(TransportError) as caught:
            await link.fetch(POST)
        assert caught.value.sent
        assert len(app.seen) == 1


async def test_a_silent_server_is_given_up() -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.gone()

    settings = replace(SETTINGS, timeouts=Timeouts(idle=0.1), retry=Retry(attempts=1))
    async with server(silent) as app, linked(app.url, settings=settings) as link:
        with pytest.raises(DeadlineError) as caught:
            await link.fetch(GET)
        assert caught.value.phase == "idle"


@pytest.mark.parametrize("bad", ["http://[::g]", "http://a:b", "http://a\x00b"])
async def test_an_address_that_cannot_be_one_is_invalid_input(bad: str) -> None:
    async with linked(bad) as link:
        with pytest.raises(InvalidInputError):
            await link.fetch(GET)


async def test_a_moved_link_is_elsewhere_and_the_first_one_is_not() -> None:
    async with linked("http://one") as link:
        assert link.with_base_url("http://two").base == "http://two"
        assert link.base == "http://one"


async def test_what_an_injected_client_adds_goes_to_the_app_only() -> None:
    auth = httpx.BasicAuth("me", "secret")
    async with (
        server(answering(200, b"x")) as other,
        server(ok) as app,
        httpx.AsyncClient(headers={"x-client": "client"}, auth=auth) as client,
    ):
        link = AppHttpClient(
            client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
        )
        for url in (f"{app.url}/file", f"{other.url}/file"):
            async with link.download(url) as response:
                await response.aread()
        assert app.last.headers["x-client"] == "client"
        assert "authorization" in app.last.headers
        assert "x-client" not in other.last.headers
        assert "authorization" not in other.last.headers


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
        linked(app.url) as link,
        anyio.create_task_group() as group,
    ):
        for _ in range(8):
            group.start_soon(link.fetch, GET)
    assert len(app.seen) == 8
    assert most == 2


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="body"):
        Limits(max_body_bytes=0)
