"""How long a Space stays open: without a block, across tasks, event loops and their end."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import AuthError, Job, JobLostError, Space, chat, images
from spacecall.hub import Hub
from spacecall.inference import HuggingFaceInference
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.typed import TypedClient
from tests.client.test_structure import tasks
from tests.client.tools import until
from tests.hostile.server import SSE_HEAD, HostileServer, Request, Route, event, http

ROOT = Path(__file__).resolve().parents[2]
FLUX = ROOT / "schemas/spaces/black-forest-labs--FLUX.1-dev"
DEADLINE = 60.0
only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
only_trio = pytest.mark.parametrize("anyio_backend", ["trio"])


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def start_and_stay(server: HostileServer) -> None:
    """Have each job start, and run until the client goes away."""

    def stream(request: Request, connection: Any) -> None:
        connection.sendall(SSE_HEAD)
        for event_id in server._jobs.pop(request.query["session_hash"]):
            connection.sendall(event({"msg": "process_starts", "event_id": event_id, "eta": 1}))
        connection.recv(1)

    server.routes["/gradio_api/queue/data"] = stream


def answering(body: dict[str, Any], status: str) -> Route:
    """A route that answers the same always."""

    def answer(request: Request, connection: Any) -> bytes:
        return http(body, status)

    return answer


async def in_a_task(function: Callable[[], Awaitable[Any]]) -> Any:
    """The result of `function`, called in another task."""
    return await asyncio.create_task(_called(function))


async def _called(function: Callable[[], Awaitable[Any]]) -> Any:
    return await function()


async def test_a_space_is_opened_and_closed_without_a_block(server: HostileServer) -> None:
    before = tasks()
    space = await Space(server.url).open()
    assert await space.call("/predict", x="hi") == "ok"
    with pytest.raises(RuntimeError, match="open already"):
        await space.open()
    for _ in range(2):
        await space.aclose()
    assert tasks() == before
    with pytest.raises(RuntimeError, match="the Space is closed"):
        await space.call("/predict", x="hi")
    async with space:
        assert await space.call("/predict", x="hi") == "ok"


async def test_a_space_that_was_never_opened_can_be_closed(server: HostileServer) -> None:
    await Space(server.url).aclose()
    assert server.requests == []


CONNECTORS: dict[str, Callable[[str], Any]] = {
    "typed client": TypedClient.connect,
    "facade": Flux1Dev.connect,
    "image model": lambda url: images.connect("flux-dev", source=url),
    "chat model": lambda url: chat.connect("phi-4", source=url),
    "inference": HuggingFaceInference.connect,
    "inference by name": lambda url: chat.connect("owner/model", base_url=url),
}


@pytest.mark.parametrize("name", CONNECTORS)
async def test_what_connects_is_opened_and_closed_without_a_block(
    server: HostileServer, name: str
) -> None:
    before = tasks()
    client = await CONNECTORS[name](server.url).open()
    for _ in range(2):
        await client.aclose()
    assert tasks() == before
    client = await CONNECTORS[name](server.url)
    await client.aclose()
    async with CONNECTORS[name](server.url) as client:
        assert client is not None
    assert tasks() == before


async def test_a_client_of_the_callers_space_does_not_close_it(server: HostileServer) -> None:
    async with Space(server.url) as space:
        await TypedClient(space).aclose()
        assert await space.call("/predict", x="hi") == "ok"


@only_asyncio
@pytest.mark.parametrize("name", CONNECTORS)
async def test_on_asyncio_another_task_may_leave_what_connects(
    server: HostileServer, name: str
) -> None:
    before = tasks()
    opening = CONNECTORS[name](server.url)
    await in_a_task(opening.__aenter__)
    await in_a_task(lambda: opening.__aexit__(None, None, None))
    assert tasks() == before


@only_asyncio
async def test_on_asyncio_another_task_may_leave_a_space_its_sessions_and_calls(
    server: HostileServer,
) -> None:
    start_and_stay(server)
    before = tasks()
    async with Hub(endpoint=server.url) as hub, Space(server.url) as around:
        space = Space(server.url)
        await in_a_task(space.__aenter__)
        session = space.session()
        await in_a_task(session.__aenter__)
        call = session.call("/predict", x="hi")
        job = await in_a_task(call.__aenter__)
        await anext(job)
        await in_a_task(lambda: call.__aexit__(None, None, None))
        await in_a_task(session.__aexit__)
        await in_a_task(lambda: space.__aexit__(None, None, None))
        await in_a_task(hub.aclose)
        await in_a_task(around.aclose)
    assert tasks() == before


@only_asyncio
async def test_on_asyncio_spaces_close_in_any_order(server: HostileServer) -> None:
    first, second = await Space(server.url).open(), await Space(server.url).open()
    await first.aclose()
    assert await second.call("/predict", x="hi") == "ok"
    await second.aclose()


@only_asyncio
async def test_on_asyncio_a_generator_that_is_broken_out_of_harms_no_task(
    server: HostileServer,
) -> None:
    async def values() -> AsyncGenerator[Any, None]:
        async with Space(server.url) as space:
            while True:
                yield await space.call("/predict", x="hi")

    before = tasks()
    async for value in values():
        assert value == "ok"
        break
    gc.collect()
    await until(lambda: tasks() == before)


@only_trio
async def test_on_trio_another_task_is_told_who_has_to_close(server: HostileServer) -> None:
    space = await Space(server.url).open()
    errors: list[str] = []

    async def close() -> None:
        with pytest.raises(RuntimeError) as caught:
            await space.aclose()
        errors.append(str(caught.value))

    async with anyio.create_task_group() as group:
        group.start_soon(close)
    assert "on trio the task that opens it must close it" in errors[0]
    assert await space.call("/predict", x="hi") == "ok"
    await space.aclose()


@only_trio
async def test_on_trio_the_wrong_order_of_closing_is_an_error(server: HostileServer) -> None:
    async with Space(server.url) as outer, Space(server.url) as inner:
        with pytest.raises(RuntimeError, match="reverse order"):
            await outer.aclose()
        for space in (outer, inner):
            assert await space.call("/predict", x="hi") == "ok"


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info"])
async def test_cancelling_the_opening_leaves_nothing(server: HostileServer, path: str) -> None:
    was_requested = threading.Event()

    def stay(request: Request, connection: Any) -> None:
        was_requested.set()
        connection.recv(1)

    server.routes[path] = stay
    before = tasks()
    space = Space(server.url)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(space.open)
            await anyio.to_thread.run_sync(was_requested.wait, DEADLINE)
            scope.cancel()
    assert tasks() == before
    del server.routes[path]
    async with space:
        assert await space.call("/predict", x="hi") == "ok"


async def test_an_opening_that_fails_raises_its_own_error_and_can_be_repeated(
    server: HostileServer,
) -> None:
    server.routes["/config"] = answering({}, "403 Forbidden")
    space = Space(server.url)
    with pytest.raises(AuthError):
        await space.open()
    del server.routes["/config"]
    async with space:
        assert await space.call("/predict", x="hi") == "ok"


@only_asyncio
async def test_an_error_inside_reaches_every_caller(server: HostileServer) -> None:
    start_and_stay(server)
    crash = ZeroDivisionError("inside")

    async def fail() -> None:
        raise crash

    async def broken() -> Job[Any]:
        async with Space(server.url) as space:
            async with space.call("/predict", x="hi") as job:
                await anext(job)
                space._context.connection.tasks.start_soon(fail)
                with pytest.raises(JobLostError, match="an error inside ended the Space") as caught:
                    await job.result()
                assert caught.value.__cause__ is crash
            with pytest.raises(RuntimeError, match="an error inside") as refused:
                await space.call("/predict", x="hi")
            assert refused.value.__cause__ is crash
        return job

    with anyio.fail_after(DEADLINE):
        with pytest.raises(ZeroDivisionError) as raised:
            await broken()
    assert raised.value is crash


USES: dict[str, Callable[[Space], Awaitable[Any]]] = {
    "a call of the queue": lambda space: _awaited(space.call("/predict", x="hi")),
    "an entered call": lambda space: space.call("/predict", x="hi").__aenter__(),
    "a call to be collected": lambda space: space.call("/predict", x="hi").detach(),
    "a description": lambda space: space.describe(),
    "a session": lambda space: _made(space.session),
    "closing": lambda space: space.aclose(),
}


async def _awaited(call: Awaitable[Any]) -> Any:
    return await call


async def _made(make: Callable[[], Any]) -> Any:
    return make()


async def _plain_call(space: Space) -> Any:
    return await space.call("/predict", x="hi")


def test_another_event_loop_of_the_thread_is_refused_at_once(server: HostileServer) -> None:
    file = {"path": "x.txt", "meta": {"_type": "gradio.FileData"}}
    server.outputs = ["ok"]
    with asyncio.Runner() as opener, asyncio.Runner() as strange:
        space = Space(server.url)
        opener.run(space.open())
        received = space._context.connection.make_file(file)
        job = opener.run(space.call("/predict", x="hi").__aenter__())
        uses: dict[str, Callable[[Space], Awaitable[Any]]] = {
            **USES,
            "a file": lambda _: received.read(),
            "a result": lambda _: job.result(),
            "a cancel": lambda _: job.cancel(),
        }
        assert opener.run(job.result()) == "ok"
        requests = len(server.requests)
        for name, use in uses.items():
            if name == "a result":  # it is there already
                continue
            with pytest.raises(RuntimeError, match="another event loop"):
                strange.run(_awaited(use(space)))
        assert len(server.requests) == requests
        assert opener.run(_plain_call(space)) == "ok"
        opener.run(space.aclose())


def test_a_function_without_a_queue_is_refused_in_another_event_loop(
    server: HostileServer,
) -> None:
    server.config["dependencies"][0].update(queue=False, types={"generator": False})
    server.routes["/gradio_api/run/predict"] = answering({"data": ["run"]}, "200 OK")
    with asyncio.Runner() as opener, asyncio.Runner() as strange:
        space = Space(server.url)
        opener.run(space.open())
        assert opener.run(_plain_call(space)) == "run"
        with pytest.raises(RuntimeError, match="another event loop"):
            strange.run(_plain_call(space))
        assert opener.run(_plain_call(space)) == "run"
        opener.run(space.aclose())


def test_inference_and_hub_are_refused_in_another_event_loop(server: HostileServer) -> None:
    with asyncio.Runner() as opener, asyncio.Runner() as strange:
        hf = opener.run(HuggingFaceInference.connect(server.url).open())
        hub = opener.run(Hub(endpoint=server.url).open())
        for use in (lambda: hf.chat("hi"), hf.chat_models, lambda: hub.runtime("owner/name")):
            with pytest.raises(RuntimeError, match="another event loop"):
                strange.run(_late(use))
        opener.run(hub.aclose())
        opener.run(hf.aclose())
        with pytest.raises(RuntimeError, match="closed"):
            opener.run(_late(lambda: hub.runtime("owner/name")))
    assert server.requests == []


async def _late(use: Callable[[], Awaitable[Any]]) -> Any:
    return await use()


def test_closing_after_the_loop_has_ended_does_nothing(server: HostileServer) -> None:
    space = Space(server.url)

    async def leave_open() -> None:
        await space.open()

    with pytest.warns(ResourceWarning, match="was not closed"):
        asyncio.run(leave_open())
    asyncio.run(space.aclose())
    with pytest.raises(RuntimeError, match=r"closed|another event loop"):
        asyncio.run(_awaited(_plain_call(space)))

    async def reopen() -> None:
        async with space:
            assert await space.call("/predict", x="hi") == "ok"

    asyncio.run(reopen())


ABANDONED = """
import asyncio, gc, sys, warnings
from spacecall import Space

url, scenario = sys.argv[1:]

async def opened():
    space = await Space(url).open()
    assert scenario == "job" or await space.call("/predict", x="hi") == "ok"
    return space

async def main():
    global kept
    space = await opened()
    if scenario in ("kept", "referred to"):
        kept = space
    elif scenario == "job":
        kept = space
        job = await space.call("/predict", x="hi").__aenter__()
        await anext(job)
    elif scenario == "collected":
        del space
        gc.collect()
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.01)

if scenario == "loop closed":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
elif scenario == "loop dropped":
    runner = asyncio.Runner()
    kept = runner.run(opened())
else:
    asyncio.run(main())
if scenario != "referred to":
    kept = None
gc.collect()
print("the end")
"""


@pytest.mark.parametrize(
    "scenario",
    ["kept", "referred to", "dropped", "collected", "job", "loop closed", "loop dropped"],
)
def test_a_space_that_was_not_left_is_closed_quietly(server: HostileServer, scenario: str) -> None:
    if scenario == "job":
        start_and_stay(server)
    done = run(["-W", "default:<Space:ResourceWarning", "-c", ABANDONED, server.url, scenario])
    assert (done.returncode, done.stdout) == (0, "the end\n"), done.stderr
    lines = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert len(lines) <= 1, done.stderr
    assert len(done.stderr.splitlines()) <= 2, done.stderr
    if scenario != "loop dropped":
        assert f"<Space {server.url}> was not closed" in done.stderr
    assert ("/gradio_api/cancel" in server.paths()) is (scenario == "job")


FIXTURE = """
import pytest, pytest_asyncio
from spacecall import Space
from spacecall.testing import FakeSpace

@pytest_asyncio.fixture{scope}
async def space():
    async with Space({url!r}) as space:
        yield space

@pytest_asyncio.fixture
async def fake():
    with FakeSpace({flux!r}):
        async with Space("black-forest-labs/FLUX.1-dev") as space:
            yield space

@pytest.mark.asyncio{scope}
async def test_a_call(space):
    assert await space.call("/predict", x="hi") == "ok"

@pytest.mark.asyncio
async def test_a_fake(fake):
    assert fake.endpoints
"""


@pytest.mark.parametrize("scope", ["", "(loop_scope='session')"])
def test_fixtures_of_pytest_asyncio_work(server: HostileServer, tmp_path: Path, scope: str) -> None:
    text = FIXTURE.format(url=server.url, flux=str(FLUX), scope=scope)
    (tmp_path / "test_fixture.py").write_text(text)
    done = run(
        ["-m", "pytest", "-q", "-p", "asyncio", "-p", "no:cacheprovider", "-W", "error",
         "-o", "asyncio_default_fixture_loop_scope=function", "--rootdir", str(tmp_path),
         str(tmp_path)],
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def run(arguments: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python on this package; it has to end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
