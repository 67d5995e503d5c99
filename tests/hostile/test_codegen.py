"""Whatever names an app has, its client sends each argument where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from spacecall import Space, SyncSpace
from spacecall.cli._app import run
from tests.codegen.apps import load
from tests.codegen.test_allocated_names import COLLIDING, app_of, methods_of
from tests.hostile.server import PREFIX, HostileServer

JOIN = f"{PREFIX}/queue/join"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def colliding_app() -> tuple[HostileServer, list[list[Any]]]:
    """An app whose names collide wherever they can, and the defaults of its endpoints in order."""
    signatures = [(name, parameters, ["answer"]) for name, parameters, _ in COLLIDING]
    documents, defaults = app_of(signatures)
    config = {**documents.config, "api_prefix": PREFIX}
    return HostileServer(config=config, info=dict(documents.info)), list(defaults.values())


def sent(server: HostileServer) -> dict[int, Any]:
    bodies = [request.json() for request in server.requests if request.path == JOIN]
    return {body["fn_index"]: body["data"] for body in bodies}


async def test_the_defaults_of_colliding_names_reach_the_wire_as_the_app_has_them(
    project: Path,
) -> None:
    server, defaults = colliding_app()
    with server:
        source = server.url
        assert await run_sync(_add, source) == 0
        module = load((project / "spaces" / "small.py").read_text(encoding="utf-8"), project)
        async with Space(source) as space:
            client = module.Small(space)
            for method in methods_of(module.Small):
                assert await getattr(client, method)() == "ok"
        assert sent(server) == dict(enumerate(defaults))


def test_the_sync_client_sends_the_same(project: Path) -> None:
    server, defaults = colliding_app()
    with server:
        assert _add(server.url) == 0
        module = load((project / "spaces" / "small.py").read_text(encoding="utf-8"), project)
        with SyncSpace(server.url) as space:
            client = module.SyncSmall(space)
            for method in methods_of(module.SyncSmall):
                assert getattr(client, method)().result() == "ok"
        assert sent(server) == dict(enumerate(defaults))


def _add(source: str) -> int:
    return run(["add", source, "--name", "small"])
