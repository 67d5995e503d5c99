"""One recording of everything, made once on a real server."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from spacecall.cassettes import use_cassette
from tests.cassettes.scripted_calls import Results, play
from tests.servers import AppServer


@pytest.fixture(scope="session")
def recorded(
    protocol_app: AppServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Results]:
    """Return the cassette of `play`, and its live results."""
    path = tmp_path_factory.mktemp("cassettes") / "all.json"
    with use_cassette(path, mode="rewrite"):
        results = anyio.run(play, protocol_app.url)
    return path, results
