"""Maps on Ray Data: `maps.py` runs in the environment of Ray, its calls go to the stand-in."""

from __future__ import annotations

import json
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
from tests import servers
from tests.conftest import ServerPool
from tests.docs.pages import APP, DOCS
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, stub

pytestmark = pytest.mark.requires("ray", "gradio-6.31.0")

SECONDS = 300
"""The deadline of the program: Ray starts about ten processes."""


@dataclass
class AppLog:
    """The calls that the app got: when, and with which value."""

    url: str = ""
    calls: list[tuple[float, Any]] = field(default_factory=list[tuple[float, Any]])

    async def join(self, app: Stub, exchange: Exchange) -> None:
        """Accept a job, and let it fail if its text says so."""
        value = (await exchange.json())["data"][0]
        self.calls.append((time.monotonic(), value))
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


@pytest.fixture(scope="module")
def report(app_log: AppLog, app_server: ServerPool, folder: Path) -> dict[str, Any]:
    workshop = app_server(str(APP), servers.GRADIO_6)
    program = ROOT / "tests" / "ray" / "maps.py"
    done = subprocess.run(
        [_environments.ray(), program, app_log.url, workshop.url, folder],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"done"')]
    return report | {"summaries": [json.loads(line) for line in lines]}


def test_each_row_of_a_dataset_has_a_value_or_an_error(
    report: dict[str, Any], app_log: AppLog
) -> None:
    outcomes = report["rows"]["outcomes"]
    assert [outcome["key"] for outcome in outcomes] == list(range(40))
    failed = outcomes.pop(7)
    assert failed["value"] is None
    assert failed["error"]["type"] == "AppError"
    assert failed["error"]["message"].startswith("no [/echo at ")
    assert all(outcome["value"] == f"row {outcome['key']}" for outcome in outcomes)
    assert all(outcome["error"] is None for outcome in outcomes)
    assert set(app_log.count("row ").values()) == {1}


def test_the_columns_have_the_types_of_the_endpoint(report: dict[str, Any]) -> None:
    assert report["rows"]["columns"] == {
        "key": "int64",
        "text": "string",
        "value": "string",
        "error": "struct<type: string, message: string, code: int64>",
    }


def test_all_actors_together_keep_to_the_rate(report: dict[str, Any], app_log: AppLog) -> None:
    starts = [start for start, value in app_log.calls if str(value).startswith("row ")]
    for index, start in enumerate(starts):
        within_a_second = sum(start <= other < start + 1 for other in starts[index:])
        assert within_a_second <= 22  # 20, and 10 %


def test_files_are_sent_and_saved_once(report: dict[str, Any], folder: Path) -> None:
    first, second, error = report["files"]
    saved = list((folder / "saved").iterdir())
    assert first == second == f"file://{folder}/saved/{saved[0].name}"
    assert len(saved) == 1
    assert "AppError" in error


def test_a_batch_has_each_row_once_and_calls_no_finished_row_again(
    report: dict[str, Any], app_log: AppLog, folder: Path
) -> None:
    assert report["batches"] == [1, 1]  # rows failed
    names = ("done", "failed", "lost", "called", "remaining")
    summaries = [[summary[name] for name in names] for summary in report["summaries"]]
    assert summaries == [[30, 2, 0, 31, False], [30, 2, 0, 0, False]]
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    results = [json.loads(line) for line in lines]
    assert [result["row"] for result in results] == list(range(32))
    assert [result.get("value") for result in results[:30]] == [f"line {n}" for n in range(30)]
    assert [result["error"]["type"] for result in results[30:]] == ["AppError", "InvalidInputError"]
    assert set(app_log.count("line ").values()) == {1}


def test_the_example_prints_what_the_page_says(report: dict[str, Any]) -> None:
    page = (DOCS / "batch.md").read_text()
    assert f"It prints:\n\n```text\n{report['example']}```\n" in page
