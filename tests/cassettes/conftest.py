"""One recording of everything, made once on a real server."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from spacecall.cassettes import use_cassette
from tests.cassettes.script import Outcome, play
from tests.servers import AppServer


@pytest.fixture(scope="session")
def recorded(
    protocol_app: AppServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Outcome]:
    """The cassette of `play`, and what it gave live."""
    path = tmp_path_factory.mktemp("cassettes") / "all.json"
    with use_cassette(path, mode="rewrite"):
        outcome = anyio.run(play, protocol_app.url)
    return path, outcome
