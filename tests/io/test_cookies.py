"""Cookies: each link has its own, since replicas keep a session by cookie."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall import Auth
from spacecall._core.gradio_requests import Request
from spacecall._io.app_http_client import AppHttpClient
from tests.io.tools import SETTINGS, answering, linked, ok, server

GET = Request("GET", "/a")
GIVES_ONE = answering(200, set_cookie="session=1")


async def test_cookies_are_kept_and_sent_back() -> None:
    async with server(GIVES_ONE, ok) as app, linked(app.url) as link:
        await link.fetch(GET)
        assert link.cookies == {"session": "1"}
        await link.fetch(GET)
        assert app.seen[0].headers.get("cookie") is None
        assert app.seen[1].headers["cookie"] == "session=1"


async def test_cookies_of_one_link_are_not_anothers() -> None:
    async with server(GIVES_ONE, ok) as app, linked(app.url) as link:
        link.remember({"login": "x"})
        one, two = link.fork(), link.fork()
        await one.fetch(GET)
        await two.fetch(GET)
        assert app.last.headers["cookie"] == "login=x"
        assert one.cookies == {"login": "x", "session": "1"}
        assert two.cookies == link.cookies == {"login": "x"}


async def test_cookies_of_an_injected_client_begin_its_links_unless_auth_names_a_user() -> None:
    async with server(ok) as app, httpx.AsyncClient() as client:
        client.cookies.set("given", "1", domain="127.0.0.1")
        client.cookies.set("odd", "\u00fc", domain="127.0.0.1")  # no header can carry it

        def link(auth: Auth | None) -> AppHttpClient:
            limiter = anyio.Semaphore(2)
            return AppHttpClient(client, app.url, auth=auth, settings=SETTINGS, limiter=limiter)

        for auth in (None, Auth()):
            await link(auth).fetch(GET)
            assert app.last.headers["cookie"] == "given=1"
        for auth in (Auth(token="t0ken"), Auth(username="me", password="secret")):
            await link(auth).fetch(GET)
            assert app.last.headers.get("cookie") is None
        await link(None).for_server(app.url).fetch(GET)
        assert app.last.headers.get("cookie") is None


async def test_cookies_of_answers_do_not_get_into_an_injected_client() -> None:
    async with server(GIVES_ONE) as app, httpx.AsyncClient() as client:
        link = AppHttpClient(
            client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
        )
        await link.fetch(GET)
        assert link.cookies == {"session": "1"}
        assert not client.cookies


async def test_cookies_of_the_server_are_not_taken_from_another_host() -> None:
    async with server(GIVES_ONE) as other, linked("http://127.0.0.1:1") as link:
        async with link.download(f"{other.url}/x"):
            pass
        assert link.cookies == {}


async def test_cookies_given_as_a_header_are_sent_beside_the_kept_ones() -> None:
    settings = SETTINGS.override(headers={"Cookie": "own=1; more=2"})
    async with server(GIVES_ONE, ok) as app, linked(app.url, settings=settings) as link:
        await link.fetch(GET)
        assert app.last.headers["cookie"] == "own=1; more=2"
        await link.fetch(GET)
        assert app.last.headers["cookie"] == "session=1; own=1; more=2"


async def test_cookies_that_cannot_be_sent_are_refused_and_not_repeated() -> None:
    async with linked("http://127.0.0.1:1") as link:
        with pytest.raises(ValueError, match="the cookie 'replica' has a line end") as caught:
            link.remember({"replica": "hunter2\n"})
        assert "hunter2" not in str(caught.value)


async def test_a_remembered_cookie_is_replaced_by_the_apps_new_one() -> None:
    gives_another = answering(200, set_cookie="replica=new; Path=/")
    async with server(gives_another, ok) as app, linked(app.url) as link:
        link.remember({"replica": "old"})
        await link.fetch(GET)
        await link.fetch(GET)
        assert [one.headers["cookie"] for one in app.seen] == ["replica=old", "replica=new"]
        assert link.cookies == {"replica": "new"}
