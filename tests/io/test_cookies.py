"""Cookies: each app_client has its own, since replicas keep a session by cookie."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall import Auth
from spacecall._core.gradio_requests import Request
from spacecall._io.app_http_client import AppHttpClient
from tests.io.tools import SETTINGS, answering, ok, open_app_client, server

GET = Request("GET", "/a")
GIVES_ONE = answering(200, set_cookie="session=1")


async def test_cookies_are_kept_and_sent_back() -> None:
    async with server(GIVES_ONE, ok) as app, open_app_client(app.url) as app_client:
        await app_client.fetch(GET)
        assert app_client.cookies == {"session": "1"}
        await app_client.fetch(GET)
        assert app.seen[0].headers.get("cookie") is None
        assert app.seen[1].headers["cookie"] == "session=1"


async def test_cookies_of_one_link_are_not_anothers() -> None:
    async with server(GIVES_ONE, ok) as app, open_app_client(app.url) as app_client:
        app_client.remember({"login": "x"})
        first, second = app_client.fork(), app_client.fork()
        await first.fetch(GET)
        await second.fetch(GET)
        assert app.last.headers["cookie"] == "login=x"
        assert first.cookies == {"login": "x", "session": "1"}
        assert second.cookies == app_client.cookies == {"login": "x"}


async def test_cookies_of_an_injected_client_begin_its_links_unless_auth_names_a_user() -> None:
    async with server(ok) as app, httpx.AsyncClient() as client:
        client.cookies.set("given", "1", domain="127.0.0.1")
        client.cookies.set("odd", "\u00fc", domain="127.0.0.1")  # no header can carry it

        def app_client(auth: Auth | None) -> AppHttpClient:
            limiter = anyio.Semaphore(2)
            return AppHttpClient(client, app.url, auth=auth, settings=SETTINGS, limiter=limiter)

        for auth in (None, Auth()):
            await app_client(auth).fetch(GET)
            assert app.last.headers["cookie"] == "given=1"
        for auth in (Auth(token="t0ken"), Auth(username="me", password="secret")):
            await app_client(auth).fetch(GET)
            assert app.last.headers.get("cookie") is None
        await app_client(None).for_server(app.url).fetch(GET)
        assert app.last.headers.get("cookie") is None


async def test_cookies_of_answers_do_not_get_into_an_injected_client() -> None:
    async with server(GIVES_ONE) as app, httpx.AsyncClient() as client:
        app_client = AppHttpClient(
            client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
        )
        await app_client.fetch(GET)
        assert app_client.cookies == {"session": "1"}
        assert not client.cookies


async def test_cookies_of_the_server_are_not_taken_from_another_host() -> None:
    async with server(GIVES_ONE) as elsewhere, open_app_client("http://127.0.0.1:1") as app_client:
        async with app_client.download(f"{elsewhere.url}/x"):
            pass
        assert app_client.cookies == {}


async def test_cookies_given_as_a_header_are_sent_beside_the_kept_ones() -> None:
    settings = SETTINGS.override(headers={"Cookie": "own=1; more=2"})
    async with (
        server(GIVES_ONE, ok) as app,
        open_app_client(app.url, settings=settings) as app_client,
    ):
        await app_client.fetch(GET)
        assert app.last.headers["cookie"] == "own=1; more=2"
        await app_client.fetch(GET)
        assert app.last.headers["cookie"] == "session=1; own=1; more=2"


async def test_cookies_that_cannot_be_sent_are_refused_and_not_repeated() -> None:
    async with open_app_client("http://127.0.0.1:1") as app_client:
        with pytest.raises(ValueError, match="the cookie 'replica' has a line end") as caught:
            app_client.remember({"replica": "hunter2\n"})
        assert "hunter2" not in str(caught.value)


def test_a_cookie_is_not_several() -> None:
    with pytest.raises(ValueError, match=r"of Auth\.cookies has a semicolon") as caught:
        Auth(cookies={"session": "hunter2;admin=1"})
    assert "hunter2" not in str(caught.value)


async def test_a_remembered_cookie_is_replaced_by_the_apps_new_one() -> None:
    gives_another = answering(200, set_cookie="replica=new; Path=/")
    async with server(gives_another, ok) as app, open_app_client(app.url) as app_client:
        app_client.remember({"replica": "old"})
        await app_client.fetch(GET)
        await app_client.fetch(GET)
        assert [exchange.headers["cookie"] for exchange in app.seen] == [
            "replica=old",
            "replica=new",
        ]
        assert app_client.cookies == {"replica": "new"}
