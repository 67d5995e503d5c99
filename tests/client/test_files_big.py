"""A large file never sits in memory: neither on its way up nor on its way down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import GRADIO_5, GRADIO_6, AppServer

SIZE = 200 * 2**20
ROOM = 40 * 2**20

_ROUND_TRIP = """
import json, resource, sys
from pathlib import Path
import anyio
from spacecall import Space

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

async def main(url, source, target):
    async with Space(url) as space:
        await space.call("/files", files=[b"small"])
        idle = peak()
        (found,) = await space.call("/files", files=[source])
        up = peak()
        await found.save(target)
        print(json.dumps({"idle": idle, "up": up, "down": peak(), "size": found.size}))

anyio.run(main, *sys.argv[2:], backend=sys.argv[1])
"""


@pytest.mark.parametrize(("backend", "version"), [("asyncio", GRADIO_5), ("trio", GRADIO_6)])
def test_200_megabytes_go_up_and_down_in_little_memory(
    backend: str,
    version: str,
    protocol_app_5: AppServer,
    protocol_app_6: AppServer,
    tmp_path: Path,
) -> None:
    server = {GRADIO_5: protocol_app_5, GRADIO_6: protocol_app_6}[version]
    source, target = tmp_path / "big.bin", tmp_path / "back.bin"
    with source.open("wb") as file:
        file.truncate(SIZE - 8)
        file.seek(0, os.SEEK_END)
        file.write(b"the end.")
    done = subprocess.run(
        [sys.executable, "-c", _ROUND_TRIP, backend, server.url, str(source), str(target)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["size"] == SIZE
    assert target.stat().st_size == SIZE
    with target.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        assert file.read() == b"the end."
    assert measured["up"] - measured["idle"] < ROOM
    assert measured["down"] - measured["idle"] < ROOM
