"""Who gets a password when a request is refused."""

from __future__ import annotations

import anyio
import pytest

from spacecall import Auth, AuthError
from spacecall._core.gradio_requests import CONFIG
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.client_factory import create_client
from tests.faults.exchanges import Exchange
from tests.io.tools import SETTINGS, server


async def refuse(exchange: Exchange) -> None:
    if exchange.path == "/login":
        await exchange.answer(400, {"detail": "Incorrect credentials."})
    else:
        await exchange.answer(401, {"detail": "Not authenticated"})


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_password_goes_to_the_app_once_and_to_no_other_server(foreign: bool) -> None:
    auth = Auth(username="u", password="p")
    async with server(refuse) as app, create_client() as client:
        app_client = AppHttpClient(
            client, app.url, auth=auth, settings=SETTINGS, limiter=anyio.Semaphore(1)
        )
        if foreign:
            app_client = app_client.for_server(app.url)
        for _ in range(3):
            with pytest.raises(AuthError):
                await app_client.fetch(CONFIG)
        logins = [exchange for exchange in app.seen if exchange.path == "/login"]
        assert len(logins) == (0 if foreign else 1)
