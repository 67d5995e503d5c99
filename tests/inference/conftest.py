"""The stand-in, and nobody's credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from tests.cli.processes import clear_credentials
from tests.inference.stand_in import StandIn, standing_in


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token of whoever runs the tests."""
    clear_credentials(monkeypatch, tmp_path)


@pytest.fixture
async def service() -> AsyncGenerator[StandIn, None]:
    """The stand-in for the router and the Hub."""
    async with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def service_thread() -> Iterator[StandIn]:
    """The same, in a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as stand_in,
    ):
        yield stand_in
