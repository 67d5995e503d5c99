"""Redirects: of a GET within the app's own host they are followed, nothing else goes elsewhere."""

from __future__ import annotations

import pytest

from spacecall import Auth
from spacecall._core.app_config import parse_config
from spacecall._core.gradio_requests import Request
from spacecall._io.transfers import RemoteSource
from spacecall.errors import ForbiddenAddressError, StatusError, TransportError
from spacecall.files import file_of
from tests.faults import description
from tests.io.tools import answering, ok, open_app_client, server

GET = Request("GET", "/a")
POST = Request("POST", "/a", json={"x": 1})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_the_same_host_are_followed_with_credentials(status: int) -> None:
    async with server(answering(status, location="/b?c=1"), ok) as app:
        auth = Auth(token="t0ken", hosts=["127.0.0.1"])
        async with open_app_client(app.url, auth=auth) as app_client:
            answer = await app_client.fetch(GET)
        assert answer.url == f"{app.url}/b?c=1"
        assert app.last.headers["authorization"] == "Bearer t0ken"
        assert app.last.headers["x-mine"] == "mine"


async def test_redirects_of_a_post_are_refused() -> None:
    async with server(answering(307, location="/b")) as app, open_app_client(app.url) as app_client:
        with pytest.raises(StatusError, match="POST /a is redirected to http://127") as caught:
            await app_client.fetch(POST)
        assert caught.value.status == 307
        assert len(app.seen) == 1


async def test_redirects_to_another_host_are_refused() -> None:
    async with (
        server(ok) as elsewhere,
        server(answering(302, location=f"{elsewhere.url}/b")) as app,
        open_app_client(app.url) as app_client,
    ):
        with pytest.raises(StatusError, match=f"redirected to {elsewhere.url}"):
            await app_client.fetch(GET)
        assert elsewhere.seen == []


async def test_redirects_that_never_end_are_an_error() -> None:
    async with server(answering(302, location="/a")) as app, open_app_client(app.url) as app_client:
        with pytest.raises(StatusError, match="more than 5 redirects"):
            await app_client.fetch(GET)
        assert len(app.seen) == 6


@pytest.mark.parametrize("target", ["http://[::1", "http://a:b/", "ftp://127.0.0.1/"])
async def test_redirects_to_what_is_no_address_are_refused(target: str) -> None:
    async with (
        server(answering(302, location=target)) as app,
        open_app_client(app.url) as app_client,
    ):
        with pytest.raises((StatusError, TransportError)):
            await app_client.fetch(GET)
        file = file_of(RemoteSource(app_client, parse_config(description.config()), {"path": "/x"}))
        with pytest.raises((TransportError, ForbiddenAddressError)):
            await file.read()


async def test_redirects_without_a_place_are_an_error_status() -> None:
    async with server(answering(302)) as app, open_app_client(app.url) as app_client:
        with pytest.raises(StatusError, match="302"):
            await app_client.fetch(GET)


async def test_redirects_of_a_download_lead_elsewhere_without_credentials() -> None:
    auth = Auth(token="t0ken", hosts=["127.0.0.1"])
    async with (
        server(answering(200, b"data")) as elsewhere,
        server(answering(302, location=f"{elsewhere.url}/file")) as app,
        open_app_client(app.url, auth=auth) as app_client,
    ):
        app_client.remember({"login": "c00kie"})
        async with app_client.download(f"{app.url}/a") as response:
            assert await response.aread() == b"data"
        assert app.last.headers["authorization"] == "Bearer t0ken"
        assert app.last.headers["cookie"] == "login=c00kie"
        assert set(elsewhere.last.headers) == {"host", "user-agent", "accept-encoding"}, (
            "nothing of the caller's"
        )


async def test_a_step_up_to_https_is_the_same_host() -> None:
    async with open_app_client("http://example.com:7860") as app_client:
        assert app_client._is_same_origin("https://example.com/config")
        assert not app_client._is_same_origin("https://example.org/config")
        assert not app_client._is_same_origin("http://example.com:7861/config")
        assert app_client._is_same_origin("https://example.com:7860/config")
        assert not app_client._is_same_origin("https://example.com:7861/config"), "another app"
    async with open_app_client("https://example.com") as app_client:
        assert not app_client._is_same_origin("http://example.com/config")
