"""Apps that were launched with `auth=`."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from spacecall import Auth, AuthError, Space, SyncSpace
from tests import servers
from tests.servers import AppServer


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def closed_app(request: pytest.FixtureRequest, app_server: Callable[..., AppServer]) -> AppServer:
    return app_server("protocol_app.py", request.param, env={"AUTH": "user:pass"})


async def test_the_right_password_opens_the_app(closed_app: AppServer) -> None:
    async with Space(closed_app.url, auth=Auth(username="user", password="pass")) as space:
        assert (await space.call("/whoami", text="x"))["username"] == "user"
        assert await space.call("/noqueue", text="x") == "nq x"


async def test_a_session_is_logged_in_and_does_not_hand_the_login_on(closed_app: AppServer) -> None:
    auth = Auth(username="user", password="pass")
    async with Space(closed_app.url, auth=auth) as space, space.session() as session:
        assert (await session.call("/whoami", text="x"))["username"] == "user"
        assert "access-token" not in str(session.cookies)


async def test_a_ticket_holds_no_login(closed_app: AppServer) -> None:
    auth = Auth(username="user", password="pass")
    async with Space(closed_app.url, auth=auth) as space:
        ticket = await space.call("/echo", text="x").detach()
        assert "access-token" not in ticket.to_json()
        assert await space.collect(ticket) == "x"


async def test_a_wrong_password_is_said_to_be_wrong(closed_app: AppServer) -> None:
    space = Space(closed_app.url, auth=Auth(username="user", password="hunter2"))
    with pytest.raises(AuthError, match="wrong username or password") as caught:
        await space.__aenter__()
    assert "hunter2" not in repr(caught.value) + str(caught.value)


async def test_an_app_that_wants_a_login_says_how_to_give_it(closed_app: AppServer) -> None:
    with pytest.raises(AuthError, match=r"Auth\(username=") as caught:
        await Space(closed_app.url).__aenter__()
    assert caught.value.status == 401


async def test_an_app_without_a_login_takes_one_in_its_stride(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, auth=Auth(username="user", password="pass")) as space:
        assert (await space.call("/whoami", text="x"))["username"] is None


def test_the_login_works_without_async(closed_app: AppServer) -> None:
    with SyncSpace(closed_app.url, auth=Auth(username="user", password="pass")) as space:
        assert space.call("/whoami", text="x").result()["username"] == "user"
    with pytest.raises(AuthError, match="requires a login"):
        SyncSpace(closed_app.url).__enter__()


async def test_a_lent_client_s_default_type_is_not_that_of_a_login(closed_app: AppServer) -> None:
    auth = Auth(username="user", password="pass")
    async with (
        httpx.AsyncClient(headers={"Content-Type": "application/json"}) as client,
        Space(closed_app.url, auth=auth, http_client=client) as space,
    ):
        assert await space.call("/echo", text="x") == "x"


async def test_a_lent_client_that_says_how_long_each_body_is_is_refused(
    closed_app: AppServer,
) -> None:
    async with httpx.AsyncClient(headers={"Content-Length": "5"}) as client:
        with pytest.raises(ValueError, match="Content-Length"):
            async with Space(closed_app.url, http_client=client):
                pass
