"""The server learns that a session has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from spacecall import Space, SyncSpace
from spacecall.cassettes import use_cassette
from tests import servers
from tests.client.tools import counting, until
from tests.servers import AppServer


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4])
def ending_app(request: pytest.FixtureRequest, app_server: Callable[..., AppServer]) -> AppServer:
    return app_server("ending_app.py", request.param)


def ended(server: AppServer, line: str = "unloaded") -> int:
    return server.log().splitlines().count(line)


async def test_the_server_deletes_the_state_of_a_session_that_is_left(
    ending_app: AppServer,
) -> None:
    unloaded, deleted = ended(ending_app), ended(ending_app, "deleted 2")
    async with Space(ending_app.url) as space:
        async with space.session() as session:
            await session.call("/count")
            assert await session.call("/count") == 2
            assert ended(ending_app) == unloaded
        await until(lambda: ended(ending_app) == unloaded + 1)
        await until(lambda: ended(ending_app, "deleted 2") == deleted + 1)


async def test_leaving_a_space_ends_its_sessions(ending_app: AppServer) -> None:
    unloaded = ended(ending_app)
    async with Space(ending_app.url) as space:
        sessions = [space.session() for _ in range(2)]
        for session in sessions:
            await session.call("/count")
    await until(lambda: ended(ending_app) == unloaded + 2)


def test_the_server_learns_of_the_end_without_async(ending_app: AppServer) -> None:
    unloaded = ended(ending_app)
    with SyncSpace(ending_app.url) as space:
        with space.session() as session:
            session.call("/count").result()
        anyio.run(until, lambda: ended(ending_app) == unloaded + 1)


async def test_a_session_without_a_call_has_no_heartbeat(ending_app: AppServer) -> None:
    async with counting(ending_app) as (space, counts):
        async with space.session():
            pass
        await space.call("/count")
        assert not [path for path in counts if "/heartbeat/" in path]


async def test_a_recording_has_no_heartbeat(ending_app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    for mode in ("all", "none"):
        with use_cassette(path, mode=mode):
            async with Space(ending_app.url) as space, space.session() as session:
                assert await session.call("/count") == 1
    assert "/heartbeat/" not in path.read_text()
