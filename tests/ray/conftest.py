"""The stand-in that the calls from Ray go to, and the programs that run in its environment."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from scripts import _environments
from scripts._environments import ROOT
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, stub

SECONDS = 300
"""The deadline of the program: Ray starts about ten processes."""


@dataclass
class AppLog:
    """The calls that the app got: when, with which value, and from which node."""

    url: str = ""
    calls: list[tuple[float, Any]] = field(default_factory=list[tuple[float, Any]])
    nodes: Counter[str] = field(default_factory=Counter[str])

    async def join(self, app: Stub, exchange: Exchange) -> None:
        """Accept a job, and let it fail if its text says so."""
        value = (await exchange.json())["data"][0]
        self.calls.append((time.monotonic(), value))
        self.nodes[exchange.headers.get("x-node", "")] += 1
        event_id = await app.accept(exchange)
        if value == "fail":
            app.session_of(event_id).messages[-1].update(success=False, output={"error": "no"})
        await exchange.answer(200, {"event_id": event_id})

    def count(self, prefix: str) -> Counter[str]:
        """Return how often each text with this prefix was sent."""
        texts = (value for _, value in self.calls if isinstance(value, str))
        return Counter(text for text in texts if text.startswith(prefix))


@pytest.fixture(scope="module")
def app_log() -> Iterator[AppLog]:
    """The stand-in, in a thread."""
    log, ready, ended = AppLog(), threading.Event(), threading.Event()

    async def serve() -> None:
        async with stub() as app:
            app.always("join", lambda exchange: log.join(app, exchange))
            log.url = app.url
            ready.set()
            await anyio.to_thread.run_sync(ended.wait)

    thread = threading.Thread(target=anyio.run, args=[serve])
    thread.start()
    assert ready.wait(10)
    yield log
    ended.set()
    thread.join(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray")


def start_program(name: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a program of this folder in the environment of Ray."""
    return subprocess.Popen(
        [_environments.ray(), ROOT / "tests" / "ray" / name, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_program(process: subprocess.Popen[str]) -> str:
    """Wait for a program, and return what it printed; it must succeed."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, out + err
    return out
