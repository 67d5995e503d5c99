"""Maps on Ray Data: `maps.py` runs in the environment of Ray, its calls go to the stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.conftest import ServerPool
from tests.docs.pages import APP, DOCS
from tests.ray.conftest import AppLog, finish_program, start_program

pytestmark = pytest.mark.requires("ray", "gradio-6.31.0")


@pytest.fixture(scope="module")
def report(app_log: AppLog, app_server: ServerPool, folder: Path) -> dict[str, Any]:
    workshop = app_server(str(APP), servers.GRADIO_6)
    printed = finish_program(start_program("maps.py", app_log.url, workshop.url, folder))
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    lines = [line for line in printed.splitlines() if line.startswith('{"done"')]
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
    assert report["batches"] == [0, 1, 1, 1]  # rows failed
    names = ("done", "failed", "lost", "called", "limit_reached", "remaining")
    summaries = [[summary[name] for name in names] for summary in report["summaries"]]
    assert summaries == [
        [20, 0, 0, 20, True, True],
        [30, 2, 0, 11, False, False],
        [30, 2, 0, 0, False, False],
        [30, 2, 0, 1, False, False],
    ]
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    results = [json.loads(line) for line in lines]
    assert [result["row"] for result in results] == list(range(32))
    assert [result.get("value") for result in results[:30]] == [f"line {n}" for n in range(30)]
    assert [result["error"]["type"] for result in results[30:]] == ["AppError", "InvalidInputError"]
    assert set(app_log.count("line ").values()) == {1}


def test_the_example_prints_what_the_page_says(report: dict[str, Any]) -> None:
    page = (DOCS / "batch.md").read_text()
    assert f"It prints:\n\n```text\n{report['example']}```\n" in page
