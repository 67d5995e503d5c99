"""Every release behind a real nginx, in a folder of its address."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import nullcontext

import pytest

from spacecall import AppError, JobLostError, Space, Timeouts
from tests.matrix.conftest import PATIENT, PROTOCOLS, given
from tests.matrix.nginx import nginx
from tests.servers import DATA, AppServer

RED = DATA / "red.png"


@pytest.fixture(scope="module", params=[False, True], ids=["unbuffered", "buffered"])
def proxied(request: pytest.FixtureRequest, app: AppServer) -> Generator[str]:
    with nginx(app.url, buffering=request.param) as url:
        yield url


async def test_behind_a_proxy(proxied: str) -> None:
    async with Space(proxied, timeouts=PATIENT) as space:
        assert await given(space, "/echo", "hi") == "hi"
        async with given(space, "/stream_text", "a", 3) as job:
            assert [value async for value in job.outputs][-1] == "a0 a1 a2 "
        image = await given(space, "/image", RED)
        assert (await image.read()).startswith(b"\x89PNG")
        made = await given(space, "/make_file", "text")
        assert await made.read() == b"text"
        async with space.session() as session:
            _, first = await given(space, "/chat", "one", [], on=session)
            _, second = await given(space, "/chat", "two", first, on=session)
        assert "turn 2: you said two" in str(second)
        with pytest.raises(AppError, match="boom"):
            await given(space, "/fail", "x")
        assert await given(space, "/noqueue", "x") == "nq x"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_proxy_that_ends_silent_answers_after_30_s(
    app: AppServer, release: str, refused: Callable[[], None]
) -> None:
    """Heartbeats every 15 s keep the streams of a session, and pings a websocket; `sse` has one."""
    kept = PROTOCOLS.get(release) != "sse"
    with nginx(app.url, buffering=False) as url:
        async with Space(url, timeouts=Timeouts(total=100)) as space:
            with nullcontext() if kept else pytest.raises(JobLostError):
                assert (await given(space, "/slow_async", 48)).startswith("slept 48")
            if not kept:
                refused()
