"""The small apps on each Gradio, and the clients generated of them while the tests run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

import anyio
import httpx
import pytest

from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from tests import servers
from tests.codegen.apps import generated, load
from tests.conftest import ServerPool
from tests.servers import AppServer


@dataclass(eq=False)
class Components:
    """The apps of one server.

    Attributes:
        generation: `5` or `6`.
        documents: what each app says of itself.
    """

    server: AppServer
    folder: Path
    generation: str
    documents: dict[str, AppDocuments]
    _clients: dict[str, ModuleType] = field(default_factory=dict[str, ModuleType])

    def source(self, app: str) -> str:
        """Where an app is."""
        return f"{self.server.url}/{app}"

    def text(self, app: str) -> str:
        """The client generated of an app."""
        return generated(self.documents[app], "live", undocumented=True)

    def client(self, app: str) -> ModuleType:
        """The same, imported."""
        if app not in self._clients:
            name = f"live_{app.replace('-', '_')}_{self.generation}"
            self._clients[app] = load(self.text(app), self.folder, name)
        return self._clients[app]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The round trips are about values: one backend suffices."""
    return "asyncio"


@pytest.fixture(scope="session")
def components_on(
    app_server: ServerPool, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Components]:
    """`components_on(version)`: the small apps on a Gradio, read once."""

    @cache
    def read(version: str) -> Components:
        server = app_server("components/serve.py", version)
        documents = anyio.run(_all, server.url)
        return Components(server, tmp_path_factory.mktemp("clients"), version[0], documents)

    return read


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5], ids=["gradio-6.31.0", "gradio-5.50.0"])
def components(
    request: pytest.FixtureRequest, components_on: Callable[[str], Components]
) -> Components:
    """The small apps on each Gradio in turn."""
    return components_on(request.param)


async def _all(url: str) -> dict[str, AppDocuments]:
    async with httpx.AsyncClient() as client:
        names: list[str] = (await client.get(f"{url}/config")).json()["apps"]
    return {name: await fetch_app(f"{url}/{name}") for name in names}
