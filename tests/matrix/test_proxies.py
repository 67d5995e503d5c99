"""Every release behind a real nginx, in a folder of its address."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import nullcontext

import anyio
import pytest

from spacecall import (
    AppError,
    Auth,
    AuthError,
    JobLostError,
    Space,
    Timeouts,
)
from tests.client.tools import first_value, unique
from tests.conftest import ServerPool
from tests.matrix.conftest import PATIENT, PROTOCOLS, detached, given
from tests.matrix.nginx import PREFIX, nginx
from tests.servers import DATA, AppServer

pytestmark = pytest.mark.requires("nginx")

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
        file = await given(space, "/make_file", "text")
        assert await file.read() == b"text"
        async with space.session() as session:
            _, first = await given(space, "/chat", "one", [], on=session)
            _, second = await given(space, "/chat", "two", first, on=session)
        assert "turn 2: you said two" in str(second)
        with pytest.raises(AppError, match="boom"):
            await given(space, "/fail", "x")
        assert await given(space, "/noqueue", "x") == "nq x"


async def test_cancelling_behind_a_proxy(proxied: str, app: AppServer) -> None:
    seconds = unique(20)
    async with Space(proxied, timeouts=PATIENT) as space:
        async with given(space, "/slow_stream", seconds) as job:
            await first_value(job)
        assert (await given(space, "/slow_stream", 0.4)).startswith("step")
    assert f"slow_stream finished {seconds}" not in app.log()


async def test_detached_jobs_behind_a_proxy(
    proxied: str, release: str, refused: Callable[[], None]
) -> None:
    async with Space(proxied, timeouts=PATIENT) as space:
        ticket = await detached(space, release, refused)
    if ticket is None:
        return
    async with Space(proxied, timeouts=PATIENT) as second_space:
        assert await second_space.collect(ticket) == "slept 0.2"


@pytest.fixture(scope="module")
def rooted(release: str, app_server: ServerPool) -> Generator[str]:
    """An app that is told its folder, behind a login and a proxy."""
    env = {"GRADIO_ROOT_PATH": PREFIX, "AUTH": "ann:secret"}
    with nginx(app_server("protocol_app.py", release, env=env).url, buffering=True) as url:
        yield url


async def test_a_root_path_and_a_login_behind_a_proxy(rooted: str) -> None:
    with pytest.raises(AuthError, match="requires a login"):
        async with Space(rooted):
            pass
    auth = Auth(username="ann", password="secret")
    async with Space(rooted, auth=auth, timeouts=PATIENT) as space:
        async with given(space, "/stream_text", "a", 3) as job:
            assert [value async for value in job.outputs][-1] == "a0 a1 a2 "
        assert await given(space, "/noqueue", "x") == "nq x"
        image = await given(space, "/image", RED)
        assert (await image.read()).startswith(b"\x89PNG")
        file = await given(space, "/make_file", "text")
        assert file.url.startswith(f"{rooted}/")
        assert await file.read() == b"text"


async def test_a_job_that_is_cut_by_a_proxy(app: AppServer) -> None:
    """It was silent for longer than the proxy waits: lost, and not said to be safe if it began."""

    async def one(url: str) -> None:
        seconds = unique(5)
        async with Space(url, timeouts=PATIENT) as space:
            with pytest.raises(JobLostError, match="the connection broke") as lost:
                await given(space, "/slow_many", seconds)
            began = f"slow_async start {seconds}" in app.log()
            assert not (began and lost.value.safe_to_retry)
            assert await given(space, "/noqueue", "x") == "nq x"

    with (
        nginx(app.url, buffering=False, idle=2) as plain,
        nginx(app.url, buffering=True, idle=2) as buffered,
    ):
        async with anyio.create_task_group() as group:
            group.start_soon(one, plain)
            group.start_soon(one, buffered)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_proxy_that_ends_silent_answers_after_30_s(
    app: AppServer, release: str, refused: Callable[[], None]
) -> None:
    """Heartbeats every 15 s keep the streams of a session, and pings a websocket; `sse` has one."""
    job_continues = PROTOCOLS.get(release) != "sse"
    seconds = 35 if job_continues else 48

    async def one(url: str) -> None:
        async with Space(url, timeouts=Timeouts(total=100)) as space:
            with nullcontext() if job_continues else pytest.raises(JobLostError):
                assert (await given(space, "/slow_many", seconds)).startswith(f"slept {seconds}")

    with nginx(app.url, buffering=False) as plain, nginx(app.url, buffering=True) as buffered:
        async with anyio.create_task_group() as group:
            group.start_soon(one, plain)
            if PROTOCOLS.get(release) != "ws":  # no websocket is buffered
                group.start_soon(one, buffered)
    if not job_continues:
        refused()
