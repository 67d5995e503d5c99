"""What the machine does to a client: disks, clocks, names, loops, processes, collected garbage."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest

from spacecall import File, Retry, Space, TransportError
from tests.faults.stub import DOWNLOAD
from tests.faults.tools import DEADLINE, faulty, holds, until_quiet
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
async def test_a_clock_that_is_set_anew_ends_no_call(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    async with faulty() as (_, space), space.call("/stream", text="a b") as job:
        monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
        assert [value async for value in job.outputs] == ["a ", "a b"]


async def test_a_name_that_is_unknown_says_so_at_once() -> None:
    with anyio.fail_after(DEADLINE), pytest.raises(TransportError, match="cannot connect") as error:
        async with Space("http://no-such-host.invalid", retry=Retry(attempts=1)):
            pass
    assert not error.value.sent


async def test_a_call_that_is_forgotten_is_no_burden() -> None:
    async with faulty() as (app, space):
        before = len(app.requests)
        space.call("/echo", text="never made")
        gc.collect()
        assert len(app.requests) == before
        async with space.call("/stream", text="a b c") as job:
            assert await anext(job.outputs) == "a "
        del job
        gc.collect()
        await until_quiet()


def test_event_loops_in_two_threads_have_nothing_in_common(protocol_app_6: AppServer) -> None:
    found: dict[str, list[str]] = {}

    async def calls(backend: str) -> None:
        with anyio.fail_after(DEADLINE):
            async with Space(protocol_app_6.url) as space:
                found[backend] = [await space.call("/echo", text=f"{n}") for n in range(20)]

    threads = [
        threading.Thread(target=partial(anyio.run, calls, backend, backend=backend))
        for backend in ("asyncio", "trio")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert found == {backend: [f"{n}" for n in range(20)] for backend in ("asyncio", "trio")}


def test_a_forked_process_makes_calls_of_its_own(protocol_app_6: AppServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, protocol_app_6.url],
        timeout=DEADLINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
