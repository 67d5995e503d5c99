import os
import sys
from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio

from spacecall import Space, SyncSpace


@pytest.fixture(scope="session")
def sync_space() -> Generator[SyncSpace, None, None]:
    with SyncSpace(os.environ["APP"]) as space:
        yield space


def test_without_async(sync_space: SyncSpace) -> None:
    assert sync_space.call("/greet", name="Ada").result() == "Hello, Ada."


@pytest_asyncio.fixture
async def space() -> AsyncGenerator[Space, None]:
    async with Space(os.environ["APP"]) as space:
        yield space


@pytest.mark.asyncio
async def test_with_pytest_asyncio(space: Space) -> None:
    assert await space.call("/greet", name="Ada") == "Hello, Ada."


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def any_space() -> AsyncGenerator[Space, None]:
    async with Space(os.environ["APP"]) as space:
        yield space


@pytest.mark.anyio
async def test_with_anyio_on_asyncio_and_trio(any_space: Space) -> None:
    assert await any_space.call("/greet", name="Ada") == "Hello, Ada."


if __name__ == "__main__":
    os.environ["APP"] = sys.argv[1]
    options = ["-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist"]
    loops = ["-o", "asyncio_default_fixture_loop_scope=function"]
    raise SystemExit(pytest.main([*options, *loops, __file__]))
