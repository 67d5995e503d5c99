"""What a call sends besides its arguments: the details of an event, a query, the user's token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from spacecall import Auth, AuthError, InvalidInputError, Space, SyncSpace
from spacecall.cassettes import use_cassette
from spacecall.event_data import (
    CopyData,
    DeletedFileData,
    EditData,
    EventData,
    KeyUpData,
    LikeData,
    RetryData,
    SelectData,
)
from tests import servers
from tests.servers import AppServer

TOKEN = "hf_of_the_user"

EVENTS: dict[str, tuple[EventData | Mapping[str, Any], Any]] = {
    "/like": (LikeData(index=(0, 1), value="hi", liked=False), [[0, 1], "hi", False]),
    "/retry": (RetryData(index=2, value="again"), [2, "again"]),
    "/edit": (EditData(index=0, previous_value="a", value="b"), [0, "a", "b"]),
    "/copy": (CopyData(value="text"), "text"),
    "/key_up": (KeyUpData(key="a", input_value="ba"), ["a", "ba"]),
    "/click": ({"x": 1, "y": [2]}, {"x": 1, "y": [2]}),
}


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def joins_app(request: pytest.FixtureRequest, app_server: Callable[..., AppServer]) -> AppServer:
    return app_server("joins_app.py", request.param)


@pytest.fixture
def joins_app_6(app_server: Callable[..., AppServer]) -> AppServer:
    return app_server("joins_app.py", servers.GRADIO_6)


async def test_functions_get_the_details_of_an_event(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        for endpoint, (event_data, answer) in EVENTS.items():
            assert space.endpoints[endpoint].event_data
            call = space.call(endpoint).with_options(event_data=event_data)
            assert await call == answer, endpoint


async def test_the_only_component_that_can_trigger_a_function_is_its_target(
    joins_app: AppServer,
) -> None:
    event_data = SelectData(index=1, value="b")
    async with Space(joins_app.url) as space:
        call = space.call("/pick", text="x").with_options(event_data=event_data)
        assert await call == ["x", 1, "b", True, "row"]


async def test_a_trigger_is_chosen_by_its_id(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        options = space.with_options(event_data=SelectData(index=1, value="b", selected=False))
        assert await options.call("/select", text="x") == ["x", 1, "b", False, None]
        (chat,) = (
            component["id"]
            for component in space.config["components"]
            if component["props"].get("label") == "chat"
        )
        call = options.call("/select", text="x").with_options(trigger_id=chat)
        assert await call == ["x", 1, "b", False, "chat"]


async def test_a_trigger_that_does_not_run_the_function_is_refused(joins_app_6: AppServer) -> None:
    async with Space(joins_app_6.url) as space:
        call = space.call("/pick", text="x").with_options(trigger_id=99999)
        with pytest.raises(InvalidInputError, match="no event of the component 99999 runs"):
            await call


def test_details_of_an_event_that_are_none_are_sent_unless_they_are_optional() -> None:
    assert SelectData(index=1, value=None).to_payload() == {
        "index": 1,
        "value": None,
        "selected": True,
    }
    edit = EditData(index=0, previous_value=None, value=None)
    assert edit.to_payload() == {"index": 0, "previous_value": None, "value": None}
    assert CopyData(value=None).to_payload() == {"value": None}


async def test_an_empty_token_takes_the_token_of_a_view_off(joins_app_6: AppServer) -> None:
    auth = Auth(token="hf_of_the_owner", hosts=["127.0.0.1"])
    async with Space(joins_app_6.url, auth=auth) as space:
        user = space.with_options(oauth_token=TOKEN)
        assert await user.call("/maybe") == TOKEN
        assert await user.call("/maybe").with_options(oauth_token=None) == TOKEN
        assert await user.call("/maybe").with_options(oauth_token="") == "nobody"
        with pytest.raises(AuthError, match="token is missing"):
            await user.call("/whoami", text="hi").with_options(oauth_token="")


async def test_a_file_of_an_event_is_uploaded(joins_app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "gone.txt"
    path.write_text("content")
    async with Space(joins_app.url) as space:
        call = space.call("/delete").with_options(event_data=DeletedFileData(file=path))
        assert await call == ["gone.txt", "content"]


async def test_details_that_json_does_not_have_are_refused(joins_app_6: AppServer) -> None:
    async with Space(joins_app_6.url) as space:
        call = space.call("/click").with_options(event_data={"x": {1, 2}})
        with pytest.raises(InvalidInputError, match="event_data: 'x': a set cannot be sent"):
            await call


async def test_functions_read_the_query(joins_app: AppServer) -> None:
    query = {"lang": "en", "q": "a&b=c ü"}
    async with Space(joins_app.url) as space:
        view = space.with_options(query_params=query)
        assert await view.call("/query") == query
        assert await view.call("/query_now") == query
        assert await view.call("/query").with_options(call_api=True) == query
        assert await space.call("/query") == {}


def test_events_and_queries_are_sent_without_async(joins_app_6: AppServer) -> None:
    with SyncSpace(joins_app_6.url) as space:
        call = space.call("/copy").with_options(event_data=CopyData(value="text"))
        assert call.result() == "text"
        assert space.with_options(query_params={"a": "b"}).call("/query").result() == {"a": "b"}


async def test_the_token_of_a_user_reaches_functions_that_ask_for_one(
    joins_app_6: AppServer,
) -> None:
    async with Space(joins_app_6.url) as space:
        assert space.endpoints["/whoami"].oauth == "required"
        assert space.endpoints["/maybe"].oauth == "optional"
        assert space.endpoints["/plain"].oauth is None
        user = space.with_options(oauth_token=TOKEN)
        assert await user.call("/whoami", text="hi") == f"hi {TOKEN}"
        assert await user.call("/whoami_now", text="hi") == f"hi {TOKEN}"
        assert await user.call("/whoami", text="hi").with_options(call_api=True) == f"hi {TOKEN}"
        assert await user.call_raw("/whoami", ["hi"]) == f"hi {TOKEN}"
        assert await user.call("/maybe") == TOKEN
        assert await space.call("/maybe") == "nobody"


async def test_the_token_is_sent_only_to_functions_that_ask_for_one(joins_app_6: AppServer) -> None:
    bodies: list[bytes] = []

    async def record(request: httpx.Request) -> None:
        bodies.append(request.content)

    async with (
        httpx.AsyncClient(event_hooks={"request": [record]}) as client,
        Space(joins_app_6.url, http_client=client) as space,
    ):
        user = space.with_options(oauth_token=TOKEN)
        await user.call("/plain", text="hi")
        await user.call_raw("/plain", ["hi"])
        async with Space(joins_app_6.url, http_client=client, describe=False) as undescribed:
            raw = undescribed.call_raw("/maybe").with_options(oauth_token=TOKEN)
            assert await raw == "nobody"
        assert TOKEN.encode() not in b"".join(bodies)
        await user.call("/whoami", text="hi")
        assert TOKEN.encode() in b"".join(bodies)


async def test_a_missing_token_is_an_auth_error_and_nothing_is_sent(joins_app_6: AppServer) -> None:
    async with Space(joins_app_6.url, auth=Auth(token="hf_for_the_hub")) as space:
        with pytest.raises(
            AuthError, match=r"token is missing: pass with_options\(oauth_token=…\)"
        ):
            await space.call("/whoami", text="hi")


async def test_a_host_that_gets_the_token_of_auth_gets_it_for_functions_too(
    joins_app_6: AppServer,
) -> None:
    auth = Auth(token="hf_of_auth", hosts=["127.0.0.1"])
    async with Space(joins_app_6.url, auth=auth) as space:
        assert await space.call("/whoami", text="hi") == "hi hf_of_auth"
        explicit = space.call("/whoami", text="hi").with_options(oauth_token=TOKEN)
        assert await explicit == f"hi {TOKEN}"


async def test_a_function_that_needs_a_login_says_so(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        with pytest.raises(AuthError, match=r"requires a logged in user.* Auth\(cookies=…\)"):
            await space.call("/profile")


async def test_the_login_of_a_browser_is_handed_over_as_cookies(joins_app: AppServer) -> None:
    auth = Auth(cookies={"session": "of-the-browser"})
    async with Space(joins_app.url, auth=auth) as space:
        assert await space.call("/profile") == "ada"
        assert await space.call("/whoami", text="hi") == "hi hf_of_the_browser"
        async with space.session() as session:
            assert await session.call("/maybe") == "hf_of_the_browser"
            assert session.cookies == {}
        ticket = await space.call("/profile").detach()
        assert "of-the-browser" not in ticket.to_json()
        assert await space.collect(ticket) == "ada"
    assert "of-the-browser" not in repr(auth)


async def test_a_session_can_have_the_login_of_a_browser(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        session = space.session(cookies={"session": "of-the-browser"})
        assert await session.call("/profile") == "ada"
        with pytest.raises(AuthError):
            await space.call("/profile")


def test_a_token_is_sent_without_async(joins_app_6: AppServer) -> None:
    with SyncSpace(joins_app_6.url) as space:
        call = space.call("/whoami", text="hi").with_options(oauth_token=TOKEN)
        assert call.result() == f"hi {TOKEN}"


async def test_a_recording_has_neither_the_token_nor_the_login(
    joins_app_6: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "user.json"
    auth = Auth(cookies={"session": "of-the-browser"})
    for mode in ("all", "none"):
        with use_cassette(path, mode=mode):
            async with Space(joins_app_6.url, auth=auth) as space:
                assert await space.call("/profile") == "ada"
            async with Space(joins_app_6.url) as space:
                call = space.call("/whoami", text="hi").with_options(oauth_token=TOKEN)
                assert (await call).startswith("hi ")
    text = path.read_text()
    assert TOKEN not in text
    assert "of-the-browser" not in text
