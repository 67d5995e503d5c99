"""The stand-in as the Hub of the whole test, and nobody's credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.cli.processes import clear_credentials
from tests.hub.stand_in import StandIn, standing_in


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token of whoever runs the tests."""
    clear_credentials(monkeypatch, tmp_path)


@pytest.fixture
async def hub(nobody: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[StandIn, None]:
    """The stand-in, at HF_ENDPOINT."""
    async with standing_in() as hub_stand_in:
        monkeypatch.setenv("HF_ENDPOINT", hub_stand_in.url)
        yield hub_stand_in
