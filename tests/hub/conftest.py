"""The stand-in as the Hub of the whole test, and nobody's credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.cli.processes import clear_credentials
from tests.hub.fake_hub import FakeHub, serve_fake_hub


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token of whoever runs the tests."""
    clear_credentials(monkeypatch, tmp_path)


@pytest.fixture
async def hub(nobody: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeHub, None]:
    """The stand-in, at HF_ENDPOINT."""
    async with serve_fake_hub() as hub_stand_in:
        monkeypatch.setenv("HF_ENDPOINT", hub_stand_in.url)
        yield hub_stand_in
