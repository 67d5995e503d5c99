"""Opening a Space by its id: why it does not answer, and a private one with a token.

The Hub is a stand-in. The app that answers is a real Gradio app where it says so.
"""

from __future__ import annotations

import httpx
import pytest

from spacecall import (
    Auth,
    AuthError,
    NotFoundError,
    ProtocolError,
    Retry,
    Space,
    SpaceError,
    SpaceStateError,
    StatusError,
)
from tests.faults.exchanges import Exchange
from tests.hub.fake_hub import NAME, TOKEN, Doors, FakeHub, refusing, runtime
from tests.servers import AppServer

ONCE = Retry(attempts=1)
BEARER = f"Bearer {TOKEN}"


async def opened(**options: object) -> None:
    async with Space(NAME, retry=ONCE, **options):  # type: ignore[arg-type]
        pytest.fail("it opened")


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("SLEEPING", "this visit wakes it; wait until it runs"),
        ("BUILDING", "wait until it runs, with Hub.wait_until_ready or `spacecall wait`"),
        ("APP_STARTING", "wait until it runs"),
        ("PAUSED", "only its owner can restart it"),
        ("RUNTIME_ERROR", "its app has crashed"),
        ("NEW_ONE", "wait until it runs"),
    ],
)
@pytest.mark.parametrize("page", [503, 404, 200], ids=["503", "404", "html"])
async def test_a_space_that_does_not_run_is_an_error_with_its_stage(
    hub: FakeHub, stage: str, words: str, page: int
) -> None:
    async def html(exchange: Exchange) -> None:
        await exchange.html(page, "<h1>Your Space is not there</h1>")

    hub.front = html
    hub.goes(stage)
    with pytest.raises(SpaceStateError, match=words) as caught:
        await opened()
    assert (caught.value.stage, caught.value.space) == (stage, hub.host)
    assert isinstance(caught.value.__cause__, (StatusError, ProtocolError))
    assert [request.path for request in hub.visits] == ["/config"]
    assert {bearer for _, bearer in hub.questions} == {None}


async def test_a_space_that_runs_and_answers_html_is_no_gradio_app(hub: FakeHub) -> None:
    with pytest.raises(ProtocolError, match="there is no Gradio app"):
        await opened()


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_a_hub_that_does_not_know_the_stage_hides_no_error(hub: FakeHub, status: int) -> None:
    hub.goes("SLEEPING")
    hub.faults = [refusing(status, b"no")]
    with pytest.raises(StatusError, match="the server answered 503: an HTML page") as caught:
        await opened()
    assert not isinstance(caught.value, SpaceStateError)
    assert len(hub.requests) == 2


async def test_an_address_is_not_looked_up(hub: FakeHub) -> None:
    hub.goes("SLEEPING")
    with pytest.raises(StatusError, match="503"):
        async with Space(hub.host, retry=ONCE):
            pytest.fail("it opened")
    assert not hub.requests


async def test_a_space_that_runs_is_asked_nothing_more(
    hub: FakeHub, protocol_app_6: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.host = protocol_app_6.url
    async with Space(NAME) as space:
        assert await space.call("/echo", text="x") == "x"
    assert hub.questions == [(f"/api/spaces/{NAME}/host", None)], "a Space looks for no token"


async def test_the_hub_is_not_told_what_is_for_the_app(hub: FakeHub) -> None:
    hub.goes("PAUSED")
    with pytest.raises(SpaceStateError):
        await opened(headers={"x-api-key": "for the app"})
    assert all("x-api-key" not in request.headers for request in hub.requests)
    assert hub.visits[0].headers["x-api-key"] == "for the app"


@pytest.mark.parametrize(
    ("auth", "kind", "words"),
    [
        (None, AuthError, "no Space owner/name, or it is private: pass auth=Auth"),
        (Auth(token="hf_wrong"), AuthError, "the Hub refuses the token"),
    ],
)
async def test_a_private_space_needs_a_token(
    hub: FakeHub, auth: Auth | None, kind: type[SpaceError], words: str
) -> None:
    hub.private = True
    with pytest.raises(kind, match=words):
        await opened(auth=auth)


async def test_a_space_that_is_not_there_is_not_found_with_a_token(hub: FakeHub) -> None:
    with pytest.raises(NotFoundError, match="no Space owner/none, or the token may not see it"):
        async with Space("owner/none", auth=Auth(token=TOKEN), retry=ONCE):
            pytest.fail("it opened")


async def test_a_private_space_is_called_with_a_token_that_its_app_cannot_read(
    hub: FakeHub, protocol_app_6: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_ENDPOINT")
    hub.private, hub.app = True, protocol_app_6.url
    doors = Doors([("huggingface.co", hub.url), ("owner-name.hf.space", hub.host)])
    hub.host = "https://owner-name.hf.space"
    async with (
        httpx.AsyncClient(transport=doors, timeout=20) as client,
        Space(NAME, auth=Auth(token=TOKEN), http_client=client) as space,
    ):
        assert space.url == "https://owner-name.hf.space"
        assert await space.call("/echo", text="private") == "private"
    assert hub.questions == [(f"/api/spaces/{NAME}/host", BEARER)]
    app = [request for request in doors.seen if request.url.host == "owner-name.hf.space"]
    assert len(app) >= 4
    assert {request.headers.get("x-hf-authorization") for request in app} == {BEARER}
    assert all("authorization" not in request.headers for request in app)


async def test_a_private_space_that_is_paused_says_so_to_whom_may_see_it(hub: FakeHub) -> None:
    hub.private = True
    hub.stages = [runtime("PAUSED")]
    with pytest.raises(SpaceStateError, match="PAUSED"):
        await opened(auth=Auth(token=TOKEN))
    assert {bearer for _, bearer in hub.questions} == {BEARER}
