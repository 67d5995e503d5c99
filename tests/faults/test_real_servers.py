"""Real Gradio apps that raise, are full, freeze, and die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    AuthError,
    DeadlineError,
    Job,
    JobLostError,
    NotFoundError,
    Output,
    QueueFullError,
    Retry,
    Space,
    Started,
    Timeouts,
    TransportError,
)
from tests import servers
from tests.conftest import ServerPool
from tests.faults.proxy_tools import ONCE, works
from tests.faults.tools import holds, until_quiet
from tests.servers import AppServer

DEADLINE = 30.0
"""Seconds that a test may take on a busy machine."""

AT_ONCE = 5.0
"""Seconds in which a dead server must be noticed."""

HIDDEN = "the app raised an error and hides its message"
VERSIONS = [servers.GRADIO_6, servers.GRADIO_5]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def doomed() -> Iterator[dict[str, AppServer]]:
    """Servers of these tests alone, by version: each is started again where it has been killed."""
    running: dict[str, AppServer] = {}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture
def server(doomed: dict[str, AppServer], version: str) -> AppServer:
    if version not in doomed or not doomed[version].running():
        if version in doomed:
            doomed.pop(version).stop()
        doomed[version] = servers.start("protocol_app.py", version)
    return doomed[version]


async def until_started(job: Job[Any]) -> None:
    """Wait until the app works on it."""
    async for event in job:
        if isinstance(event, Started | Output):
            return


@pytest.mark.parametrize(
    ("endpoint", "message", "title", "duration"),
    [("/fail", "boom", "Error", 10), ("/fail2", "boom2", None, 5)],
)
async def test_an_error_that_the_app_means_to_show_comes_with_its_words(
    protocol_app: AppServer, endpoint: str, message: str, title: str | None, duration: float
) -> None:
    async with Space(protocol_app.url) as space:
        with pytest.raises(AppError) as caught:
            await space.call(endpoint, text="x")
        error = caught.value
        assert (error.message, error.duration) == (message, duration)
        assert title is None or error.title == title
        assert (error.endpoint, error.space) == (endpoint, protocol_app.url)
        assert error.event_id is not None
        await works(space)


async def test_an_error_in_mid_stream_comes_after_the_values(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        async with space.call("/fail_mid", text="x") as job:
            values = job.outputs
            assert await anext(values) == "first"
            assert await anext(values) == "first second"
            with pytest.raises(AppError, match="boom mid-stream"):
                await anext(values)
        await works(space)


@pytest.mark.parametrize(
    ("env", "message"), [({}, HIDDEN), ({"SHOW_ERROR": "1", "MAXQ": "1"}, "secret detail")]
)
async def test_any_other_exception_shows_its_words_only_if_the_app_does(
    app_server: ServerPool, version: str, env: dict[str, str], message: str
) -> None:
    server = app_server("protocol_app.py", version, env=env)
    async with Space(server.url) as space:
        with pytest.raises(AppError) as caught:
            await space.call("/crash", text="x")
        assert caught.value.message.startswith(message)
        await works(space)


async def test_a_full_queue_refuses_a_call_and_takes_the_next_when_there_is_room(
    app_server: ServerPool, version: str
) -> None:
    server = app_server("protocol_app.py", version, env={"SHOW_ERROR": "1", "MAXQ": "1"})
    with anyio.fail_after(DEADLINE):
        async with Space(server.url, retry=ONCE) as space:
            async with space.call("/slow_stream", seconds=60) as running:
                await until_started(running)
                async with space.call("/slow_stream", seconds=60) as waiting:
                    await anext(waiting)
                    with pytest.raises(QueueFullError, match="Queue is full") as caught:
                        await space.call("/echo", text="x")
                    assert caught.value.status == 503
                    assert not running.done
                    assert not waiting.done

            while True:  # until the server has taken the two out of its queue
                with suppress(QueueFullError):
                    assert await space.call("/echo", text="x") == "x"
                    break
                await anyio.sleep(0.1)
            await works(space)


async def test_an_app_that_wants_a_login_says_how_to_give_it(
    app_server: ServerPool, version: str
) -> None:
    server = app_server("protocol_app.py", version, env={"AUTH": "user:pass"})
    with pytest.raises(AuthError, match=r"Not authenticated: .*auth=Auth\(username=") as caught:
        async with Space(server.url):
            pytest.fail("it opened")
    assert caught.value.status == 401


async def test_https_to_a_server_of_plain_http_says_that_tls_failed(
    protocol_app: AppServer,
) -> None:
    with pytest.raises(TransportError, match="TLS failed: ") as caught:
        async with Space(protocol_app.url.replace("http:", "https:"), retry=ONCE):
            pytest.fail("it opened")
    assert not caught.value.sent


async def test_a_path_of_an_app_that_is_no_app_is_not_found(protocol_app: AppServer) -> None:
    with pytest.raises(NotFoundError, match="not found"):
        async with Space(f"{protocol_app.url}/nothing/here", retry=ONCE):
            pytest.fail("it opened")


async def test_a_frozen_server_is_given_up_by_the_idle_timeout_and_usable_once_it_thaws(
    server: AppServer,
) -> None:
    timeouts = Timeouts(idle=1, cancel=0.5)
    with anyio.fail_after(DEADLINE):
        async with Space(server.url, timeouts=timeouts, retry=ONCE) as space:
            async with space.call("/slow_stream", seconds=30) as job:
                await until_started(job)
                server.suspend()
                try:
                    with pytest.raises(DeadlineError) as caught:
                        await job.result()
                    assert caught.value.phase == "idle"
                    with pytest.raises(DeadlineError) as late:
                        await space.call("/echo", text="x")
                    assert late.value.phase in ("connect", "idle")
                finally:
                    server.resume()
            await works(space)


async def test_a_server_that_dies_loses_its_jobs_at_once_and_leaves_no_half_file(
    server: AppServer, tmp_path: Path
) -> None:
    with anyio.fail_after(DEADLINE):
        async with Space(server.url, retry=Retry(attempts=2, wait_initial=0)) as space:
            file = await space.call("/make_file", text="x" * 1000)
            async with (
                space.call("/slow_stream", seconds=30) as streaming,
                space.call("/slow_async", seconds=30) as silent,
            ):
                await until_started(streaming)
                await until_started(silent)
                server.kill()
                died = anyio.current_time()
                for job in (streaming, silent):
                    with pytest.raises(JobLostError) as lost:
                        await job.result()
                    assert lost.value.sent
                    assert lost.value.event_id == job.event_id
            with pytest.raises(TransportError) as refused:
                await space.call("/echo", text="x")
            assert not refused.value.sent
            with pytest.raises(TransportError):
                await file.save(tmp_path)
            assert holds(tmp_path)
            await until_quiet()
        assert anyio.current_time() - died < AT_ONCE
