"""A Space opened on the protocol app, on each Gradio."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from spacecall import Space
from tests.servers import AppServer


@pytest.fixture
async def space(protocol_app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(protocol_app.url) as space:
        yield space
