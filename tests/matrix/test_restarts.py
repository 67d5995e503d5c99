"""Apps that are started again with their functions and arguments in another order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from spacecall import AppRestartedError, Auth, Space
from tests import servers
from tests.faults.proxy import Proxy, proxy
from tests.servers import AppServer

DEADLINE = 90.0
pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])


class Restarting:
    """An app behind an address that stays the same."""

    def __init__(self, release: str, way: Proxy, server: AppServer, env: dict[str, str]) -> None:
        self.url = way.url
        self._release, self._way, self._server, self._env = release, way, server, env

    async def restart(self) -> None:
        """Kill the app, and start it with everything in the other order."""
        self._server.kill()
        await run_sync(self._server.stop)
        env = {**self._env, "ORDER": "reversed"}
        self._server = await run_sync(lambda: started(self._release, env))
        self._way.upstream = self._server.port

    async def stop(self) -> None:
        await run_sync(self._server.stop)


def started(release: str, env: dict[str, str]) -> AppServer:
    return servers.start("swapped_app.py", release, env=env)


@asynccontextmanager
async def restarting(release: str, **env: str) -> AsyncGenerator[Restarting, None]:
    server = await run_sync(lambda: started(release, env))
    app = None
    try:
        with anyio.fail_after(DEADLINE):
            async with proxy(server.port) as way:
                app = Restarting(release, way, server, env)
                yield app
    finally:
        with anyio.CancelScope(shield=True):
            await (app.stop() if app else run_sync(server.stop))


async def call_everything(space: Space, folder: Path) -> None:
    """Call each function, several at once, and see that it is the one that was named."""

    async def call(name: str) -> None:
        result = await space.call(f"/{name}", first="1", second="2")
        assert result == f"{name} first=1 second=2"

    async with anyio.create_task_group() as group:
        for name in ("keep", "drop") * 3:
            group.start_soon(call, name)
    assert await space.call("/read", file=folder / "a.txt") == "content"


async def test_a_restart_with_other_functions(release: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    async with restarting(release) as app, Space(app.url) as space:
        await call_everything(space, tmp_path)
        await app.restart()
        await call_everything(space, tmp_path)


async def test_a_restart_of_an_app_with_a_login(release: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    auth = Auth(username="user", password="pass")
    async with restarting(release, AUTH="user:pass") as app, Space(app.url, auth=auth) as space:
        await call_everything(space, tmp_path)
        await app.restart()
        await call_everything(space, tmp_path)


async def test_a_restart_ends_a_session(release: str) -> None:
    async with restarting(release) as app, Space(app.url) as space, space.session() as session:
        assert [await session.call("/count"), await session.call("/count")] == ["1", "2"]
        await app.restart()
        with pytest.raises(AppRestartedError, match="State is gone"):
            await session.call("/count")
        async with space.session() as another:
            assert await another.call("/count") == "1"
