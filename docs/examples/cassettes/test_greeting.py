import pytest

from spacecall import Space

pytestmark = pytest.mark.anyio  # runs async tests; anyio is installed with spacecall


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.spacecall
async def test_greeting() -> None:
    async with Space("http://127.0.0.1:7860") as space:
        assert await space.call("/greet", name="Ada") == "Hello, Ada."
