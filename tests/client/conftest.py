"""A Space opened on the protocol app, on each Gradio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest

from spacecall import Space
from tests import servers
from tests.servers import AppServer


@pytest.fixture
async def space(protocol_app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(protocol_app.url) as space:
        yield space


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def page_app(request: pytest.FixtureRequest, app_server: Callable[..., AppServer]) -> AppServer:
    """What a browser's page of an app does, on each Gradio."""
    return app_server("page_app.py", request.param)
