from __future__ import annotations

import os

import pytest
from spacecall.cassettes import Cassette

from greetings import count, greet_all

pytestmark = pytest.mark.anyio

# Where the app is while recording; a cassette is replayed for any address.
APP = os.environ.get("APP", "http://127.0.0.1:7860")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.spacecall
async def test_everybody_is_greeted() -> None:
    assert await greet_all(APP, ["Ada", "Grace"]) == [
        "Hello, Ada.",
        "Hello, Grace.",
    ]


@pytest.mark.spacecall("counting")
async def test_counting_streams() -> None:
    assert await count(APP, 3) == ["1 ", "1 2 ", "1 2 3 "]


async def test_the_cassette_says_what_it_was_recorded_on(
    space_cassette: Cassette,
) -> None:
    await greet_all(APP, ["Ada"])
    if not space_cassette.recording:
        (app,) = space_cassette.metadata["apps"]
        assert app["gradio"]
