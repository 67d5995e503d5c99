"""Endpoints with unusual names, on real servers of four generations of Gradio."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, NotFoundError, Space, SyncSpace, Ticket
from spacecall.cassettes import use_cassette
from spacecall.codegen._project.client_builder import add_client
from spacecall.codegen._schemas.app_documents import fetch_app
from spacecall.testing import FakeSpace
from spacecall.typed import TypedEndpoint
from tests.client.tools import DEADLINE
from tests.codegen.apps import load
from tests.conftest import ServerPool
from tests.servers import GRADIO_3, GRADIO_4, GRADIO_5, GRADIO_6, AppServer

COUNT = 23
"""Endpoints of the app."""

METHODS = {
    "/predict": "predict",
    "///twice": "twice",
    "/with space": "with_space",
    "/ünï日本": "ünï日本",
}
IN_NO_URL = [
    *("//predict", "///twice", "/a/b", "/tail/", "/..", "/line\nbreak"),
    *("//direct", "/direct/path", "/."),
]


@pytest.fixture(scope="session", params=[GRADIO_3, GRADIO_4, GRADIO_5, GRADIO_6], ids=str)
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The app with unusual names, on each generation."""
    return app_server("named_app.py", request.param)


@pytest.fixture
async def space(app: AppServer) -> AsyncGenerator[Space]:
    async with Space(app.url) as space:
        yield space


def answer(name: str) -> str:
    """What the endpoint `name` gives for "hi"."""
    return f"{name[1:]}|hi"


async def test_every_named_endpoint_is_listed_and_called(space: Space) -> None:
    assert len(space.endpoints) == COUNT
    with anyio.fail_after(DEADLINE):
        values = {name: await space.call(name, x="hi") for name in space.endpoints}
    assert values == {name: answer(name) for name in space.endpoints}


async def test_an_author_s_spelling_and_missing_slashes_are_understood(space: Space) -> None:
    spellings = {
        "predict": "/predict",
        "direct": "/direct",
        "//direct": "//direct",
        "twice": "///twice",
        "/twice": "///twice",
        "//twice": "///twice",
        "a/b": "/a/b",
        "//a/b": "/a/b",
        "tail/": "/tail/",
        "with space": "/with space",
    }
    for spelling, name in spellings.items():
        assert await space.call(spelling, x="hi") == answer(name), spelling
    for spelling in ("PREDICT", "tail", "a%2fb", "with%20space"):
        with pytest.raises(NotFoundError):
            await space.call(spelling, x="hi")


async def test_the_simple_call_api_reaches_what_a_url_can_carry(
    space: Space, app: AppServer
) -> None:
    if app.version == GRADIO_3:
        pytest.skip("Gradio 3 has no simple call API")
    for name in space.endpoints:
        call = space.call(name, x="hi").with_options(call_api=True)
        if name in IN_NO_URL:
            with pytest.raises(InvalidInputError, match="its name: call without call_api=True"):
                await call
        else:
            assert await call == answer(name)


async def test_a_ticket_has_the_endpoint_s_own_name(space: Space, app: AppServer) -> None:
    if app.version == GRADIO_3:
        pytest.skip("jobs of Gradio 3 end with their stream")
    ticket = await space.call("twice", x="hi").detach()
    assert ticket.endpoint == "///twice"
    assert await space.collect(Ticket.from_json(ticket.to_json())) == answer("///twice")


async def test_typed_clients_have_a_method_for_each(app: AppServer, tmp_path: Path) -> None:
    added = add_client(await fetch_app(app.url), tmp_path, name="names")
    module = load(added.paths.module.read_text("utf-8"), tmp_path, "names_client")
    endpoints: list[TypedEndpoint[str]] = [
        value for value in vars(module).values() if isinstance(value, TypedEndpoint)
    ]
    assert len({endpoint.name for endpoint in endpoints}) == COUNT
    async with Space(app.url, describe=False) as space:
        client = module.Names(space)
        for endpoint in endpoints:
            call = endpoint.call(space, {"x": "hi"}, on_drift="raise")
            assert await call == answer(endpoint.name)
        for name, method in METHODS.items():
            assert await getattr(client, method)(x="hi") == answer(name)
    shutil.rmtree(tmp_path)


async def test_fake_spaces_have_them_too(app: AppServer, tmp_path: Path) -> None:
    added = add_client(await fetch_app(app.url), tmp_path, name="names")
    with FakeSpace(added.paths.schemas) as fake:
        async with Space(app.url) as space:
            assert len(space.endpoints) == COUNT
            for name in space.endpoints:
                fake.returns(name, name)
            for name in space.endpoints:
                assert await space.call(name, x="hi") == name
            assert await space.call("/with space", x="hi").with_options(call_api=True)
        assert [call.endpoint for call in fake.calls][:COUNT] == list(space.endpoints)


def test_cassettes_replay_them(app: AppServer, tmp_path: Path) -> None:
    names = ["//predict", "/with space", "/direct/path", "//direct", "/line\nbreak"]

    def values() -> list[Any]:
        with use_cassette(tmp_path / "names.json", mode="once"), SyncSpace(app.url) as space:
            return [space.call(name, x="hi").result() for name in names]

    assert values() == [answer(name) for name in names]
    assert values() == [answer(name) for name in names]
