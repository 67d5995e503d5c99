"""What the page of an app reaches besides endpoints: server functions, deep links, caches."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from spacecall import (
    Completed,
    InvalidInputError,
    NotFoundError,
    Space,
    StatusError,
    SyncSpace,
)
from spacecall.cassettes import use_cassette
from spacecall.testing import FakeSpace
from tests.client.tools import DEADLINE, unique
from tests.servers import AppServer
from tests.testing.test_fake import JANUS

FILES = [{"name": name, "type": "file", "valid": True} for name in ("one.txt", "two.txt")]


async def test_server_functions_of_components_are_called(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        assert await space.call_component("files", "ls", []) == FILES
        assert await space.call_component("files", "ls") == FILES
        assert await space.call_component("shelf", "find", {"a": [1]}) == {
            "query": {"a": [1]},
            "label": "shelf",
        }
        ids = [c["id"] for c in space.config["components"] if c["props"].get("label") == "files"]
        assert await space.call_component(ids[0], "ls", []) == FILES
        async with space.call_component("files", "ls") as job:
            assert [value async for value in job.outputs] == [FILES]
            assert job.status.phase == "done"
        mapped = space.call_component("files", "ls").map(len)
        assert await mapped == 2


async def test_a_server_function_takes_a_list_and_files(
    page_app: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("a note")
    async with Space(page_app.url) as space:
        found = await space.call_component("shelf", "find", {"file": path})
        assert await found["query"]["file"].read() == b"a note"
        if space.gradio_version >= (6,):
            assert await space.call_component("map", "measure", [1, 2, 3]) == 6


async def test_a_server_function_that_is_not_there_is_named(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        with pytest.raises(NotFoundError, match="did you mean files"):
            await space.call_component("fils", "ls")
        with pytest.raises(NotFoundError, match="did you mean find"):
            await space.call_component("shelf", "fin")
        with pytest.raises(NotFoundError, match="it has count, find"):
            await space.call_component("shelf", "secret")
        with pytest.raises(InvalidInputError, match="cannot be sent"):
            await space.call_component("shelf", "find", object())
        with pytest.raises(InvalidInputError, match="cannot be detached"):
            await space.call_component("shelf", "find").detach()


async def test_a_server_function_that_fails_is_an_error_of_the_app(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        with pytest.raises(StatusError) as info:
            await space.call_component("shelf", "find", "fail")
        assert info.value.status == 500
        assert await space.call("/pick", plant="seed") == "a seed"


async def test_a_server_function_sees_what_its_session_changed(page_app: AppServer) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        await session.call("/rename")
        found = await session.call_component("shelf", "find", "x")
        assert found == {"query": "x", "label": "library"}
        assert (await space.call_component("shelf", "find", "x"))["label"] == "shelf"


def test_server_functions_without_async(page_app: AppServer) -> None:
    with SyncSpace(page_app.url) as space, space.session() as session:
        assert space.call_component("files", "ls", []).result() == FILES
        assert session.call_component("files", "ls", []).submit().result(DEADLINE) == FILES


async def test_server_functions_come_from_a_cassette(page_app: AppServer, tmp_path: Path) -> None:
    for _ in range(2):
        with use_cassette(tmp_path / "files.yaml", mode="once"):
            async with Space(page_app.url) as space:
                assert await space.call_component("files", "ls", []) == FILES


async def test_an_app_without_server_functions_says_so() -> None:
    with FakeSpace(JANUS):
        async with Space("deepseek-ai/Janus-Pro-7B") as space:
            with pytest.raises(NotFoundError, match="no component of the app has any"):
                await space.call_component("files", "ls")


async def test_the_endpoints_of_every_page_are_called(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        assert [name for name, _, _ in space.config["pages"]] == ["", "second"]
        assert "/on_second" in space.endpoints
        assert await space.call("/on_second", text="x") == "second x"


async def test_a_deep_link_opens_the_page_with_the_values_of_a_session(page_app: AppServer) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        with pytest.raises(InvalidInputError, match="make a call first"):
            await session.deep_link()
        await session.call("/on_second", text="x")
        link = await session.deep_link()
    assert link.startswith(f"{page_app.url}/?deep_link=")
    async with httpx.AsyncClient() as client:
        config = (await client.get(f"{page_app.url}/config?{urlsplit(link).query}")).json()
    assert config["deep_link_state"] == "valid"
    values = {c["props"].get("label"): c["props"].get("value") for c in config["components"]}
    assert values["text"] == "second x"


def test_a_deep_link_without_async(page_app: AppServer) -> None:
    with SyncSpace(page_app.url) as space, space.session() as session:
        session.call("/on_second", text="x").result()
        assert "?deep_link=" in session.deep_link()


async def test_a_result_from_the_cache_says_so(protocol_app_6: AppServer) -> None:
    text = str(unique(1))
    async with Space(protocol_app_6.url) as space:
        used: list[str | None] = []
        for _ in range(2):
            async with space.call("/cached", x=text) as job:
                used += [event.used_cache async for event in job if isinstance(event, Completed)]
                assert job.status.used_cache == used[-1]
        assert used == [None, "full"]
