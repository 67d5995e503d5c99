"""What the machine does to a client: disks, clocks, names, loops, processes, collected garbage."""

from __future__ import annotations

import gc
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from spacecall import File, RateLimitedError, Retry, Space, TransportError
from tests.client.tools import logged, unique
from tests.faults.exchanges import Exchange
from tests.faults.stub import DOWNLOAD, stub
from tests.faults.tools import DEADLINE, faulty, holds, tasks
from tests.servers import AppServer

FORKING = """
import os, sys
from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    assert space.call("/echo", text="before").result() == "before"
    child = os.fork()
    if not child:
        try:
            space.call("/echo", text="inherited")
        except RuntimeError as error:
            assert "forked" in str(error)
        with SyncSpace(sys.argv[1]) as own:
            assert own.call("/echo", text="child").result() == "child"
        sys.exit()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert space.call("/echo", text="after").result() == "after"
"""

INTERRUPTED = """
import asyncio, sys, trio
from spacecall import Space, Timeouts

url, seconds, loop, usage = sys.argv[1:]

async def main():
    async with Space(url, timeouts=Timeouts(cancel=30)) as space:
        call = space.call("/slow_async", seconds=float(seconds))
        if usage == "awaited":
            await call
        async with call as job:
            async for event in job:
                pass

trio.run(main) if loop == "trio" else asyncio.run(main())
"""


@contextmanager
def files_up_to(size: int) -> Generator[None]:
    """A disk on which no file may be larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_is_full_leaves_no_half_file(tmp_path: Path) -> None:
    async with faulty() as (_, space):
        file = await space.call("/file", file=File(b"content", name="a.bin"))
        with files_up_to(len(DOWNLOAD) // 2), pytest.raises(OSError, match="File too large"):
            await file.save(tmp_path / "out.bin")
        assert holds(tmp_path)
        await file.save(tmp_path / "out.bin")
        assert (tmp_path / "out.bin").read_bytes() == DOWNLOAD


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_clock_that_is_set_anew_ends_no_call_and_makes_none_wait(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time

    async def busy(exchange: Exchange) -> None:
        soon = formatdate(now() + 1, usegmt=True)
        await exchange.answer(429, {"detail": "busy"}, {"retry-after": soon})

    async with faulty() as (app, space), space.call("/stream", text="a b") as job:
        monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
        assert [value async for value in job.outputs] == ["a ", "a b"]
        app.once("join", busy)
        if days > 0:  # the time has come long ago
            assert await space.call("/echo", text="x") == "x"
        else:
            with pytest.raises(RateLimitedError) as caught:
                await space.call("/echo", text="x")
            assert caught.value.retry_after == pytest.approx(86_400, abs=DEADLINE)


async def test_a_name_that_is_unknown_says_so_at_once() -> None:
    with anyio.fail_after(DEADLINE), pytest.raises(TransportError, match="cannot connect") as error:
        async with Space("http://no-such-host.invalid", retry=Retry(attempts=1)):
            pass
    assert not error.value.sent


async def test_a_call_that_is_forgotten_before_it_is_made_is_never_made() -> None:
    async with faulty() as (app, space):
        before = len(app.requests)
        with pytest.warns(RuntimeWarning, match="/echo"):
            space.call("/echo", text="never made")
        gc.collect()
        assert len(app.requests) == before


async def test_a_call_that_is_forgotten_while_it_runs_ends_with_its_space(
    protocol_app_6: AppServer,
) -> None:
    seconds = unique(60)
    with anyio.fail_after(DEADLINE):
        async with Space(protocol_app_6.url) as space:
            job = await space.call("/slow_async", seconds=seconds).__aenter__()
            values = (await space.call("/stream_text", text="w", n=500).__aenter__()).outputs
            assert await anext(values) == "w0 "
            await logged(protocol_app_6, f"slow_async start {seconds}")
            del job, values
            gc.collect()
        await logged(protocol_app_6, f"slow_async cancelled {seconds}")
    assert not tasks()


def test_event_loops_in_two_threads_have_nothing_in_common(protocol_app_6: AppServer) -> None:
    results: dict[str, list[str]] = {}

    async def calls(backend: str) -> None:
        with anyio.fail_after(DEADLINE):
            async with Space(protocol_app_6.url) as space:
                results[backend] = [await space.call("/echo", text=f"{n}") for n in range(20)]

    threads = [
        threading.Thread(target=partial(anyio.run, calls, backend, backend=backend))
        for backend in ("asyncio", "trio")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert results == {backend: [f"{n}" for n in range(20)] for backend in ("asyncio", "trio")}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_space_is_not_for_the_event_loop_of_another_thread(backend: str) -> None:
    async with faulty() as (_, space):

        async def call() -> None:
            await space.call("/echo", text="x")

        with pytest.raises(RuntimeError, match="another event loop"):
            await anyio.to_thread.run_sync(partial(anyio.run, call, backend=backend))


def test_a_forked_process_makes_calls_of_its_own(protocol_app_6: AppServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, protocol_app_6.url],
        timeout=DEADLINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_an_interrupt_in_a_task_of_the_client_is_raised_by_the_call_on_trio() -> None:
    async def interrupt(request: httpx.Request) -> None:
        if request.url.path.endswith("/join"):
            signal.raise_signal(signal.SIGINT)

    async def interrupted_call() -> None:
        client = httpx.AsyncClient(event_hooks={"request": [interrupt]})
        with anyio.fail_after(DEADLINE):
            async with client, stub() as app:
                with pytest.raises(KeyboardInterrupt):
                    async with Space(app.url, http_client=client) as space:
                        await space.call("/hold", text="x")
                assert len(app.asked("join")) == 1
                assert app.asked("cancel"), "the job was left on the server"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        anyio.run(interrupted_call, backend="trio")
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("usage", ["awaited", "entered"])
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_an_interrupt_ends_a_program_and_its_job(
    protocol_app_6: AppServer, loop: str, usage: str
) -> None:
    seconds = unique(60)
    command = [sys.executable, "-W", "error", "-c", INTERRUPTED]
    program = subprocess.Popen(
        [*command, protocol_app_6.url, str(seconds), loop, usage], stderr=subprocess.PIPE, text=True
    )
    try:
        anyio.run(logged, protocol_app_6, f"slow_async start {seconds}")
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=DEADLINE)
    finally:
        program.kill()
    assert program.returncode == -signal.SIGINT, errors
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    anyio.run(logged, protocol_app_6, f"slow_async cancelled {seconds}")
