"""What the tests of the network share."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """The library of a client that the caller lends; typed as httpx, whose names httpx2 has too."""
    return request.param
