"""What needs more than one Ray: a node that fails, a driver that is killed.

`scripts/cluster` runs them; they take minutes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scripts import _environments
from scripts._environments import ROOT
from tests.ray.conftest import SECONDS, AppLog, finish_program, start_program

pytestmark = [pytest.mark.requires("ray"), pytest.mark.timeout(2 * SECONDS)]

ROWS = 400
RATE = 20.0


def test_a_dataset_completes_after_a_node_was_killed(app_log: AppLog) -> None:
    app_log.calls.clear()
    app_log.nodes.clear()
    process = start_program("cluster.py", app_log.url, str(ROWS), str(RATE))
    outcomes = json.loads(finish_program(process).splitlines()[-1])  # Ray prints too
    print("calls by node:", sorted(app_log.nodes.values()))
    assert len(app_log.nodes) == 2
    values = sorted(outcome["value"] for outcome in outcomes)
    assert values == sorted(f"row {number}" for number in range(ROWS))
    assert all(outcome["error"] is None for outcome in outcomes)
    counts = app_log.count("row ")
    assert len(counts) == ROWS
    assert max(counts.values()) <= 3
    starts = [start for start, _ in app_log.calls]
    for start in starts:
        within = sum(start <= other < start + 5 for other in starts)
        assert within <= 5 * RATE * 1.1
    # While no node fails, the rate is also reached: in the middle half of the first third.
    early = starts[ROWS // 12 : ROWS // 4]
    rate = (len(early) - 1) / (early[-1] - early[0])
    longest = max(second - first for first, second in pairwise(starts))
    print(f"rate before the failure {rate:.1f}, longest gap {longest:.1f} s")
    assert rate >= RATE * 0.9


def test_no_finished_row_is_called_again_after_the_driver_was_killed(
    app_log: AppLog, tmp_path: Path
) -> None:
    app_log.calls.clear()
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps({"text": f"row {number}"}) for number in range(ROWS)]
    path.write_text("".join(f"{line}\n" for line in lines))
    command: list[Any] = [_environments.ray(), "-m", "spacecall", "map", app_log.url, "/echo"]
    command += ["--engine", "ray", "--input", path, "--output", tmp_path / "out", "--json"]
    command += ["--rate", str(RATE), "--concurrency", "4"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    for count in (50, 150, 300):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while len(app_log.calls) < count and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    done = subprocess.run(
        [*command, "--resubmit"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    print(summary)
    assert (summary["done"], summary["failed"], summary["lost"]) == (ROWS, 0, 0)
    results = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"] for line in results] == list(range(ROWS))
    twice = sum(count - 1 for count in app_log.count("row ").values())
    print(f"{twice} rows were called twice: those under way when the driver was killed")
    assert twice <= 3 * 4
