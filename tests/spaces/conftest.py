"""Replicas of Spaces, each started once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.conftest import ServerPool
from tests.servers import AppServer
from tests.spaces.replicas import REPLICAS

Replicas: TypeAlias = Callable[[str], AppServer]


@pytest.fixture(scope="session")
def replica(app_server: ServerPool) -> Replicas:
    """`replica("flux-1-dev")`: the server of a replica that all tests share."""
    by_name = {space.name: space for space in REPLICAS}

    def get(name: str) -> AppServer:
        return app_server(by_name[name].app, by_name[name].version)

    return get
