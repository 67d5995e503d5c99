"""Tests of somebody else's that replay cassettes: docs/examples/ci, and docs/cassettes.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import AppServer

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(ROOT / "docs/examples/ci", tmp_path / "ci")


def run(project: Path, app: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "APP": app},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_its_tests_pass_without_an_app(project: Path) -> None:
    done = run(project, NOWHERE, "pytest", "-p", "no:asyncio")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_change_of_what_it_asks_for_fails_and_says_what_differs(project: Path) -> None:
    library = project / "greetings.py"
    library.write_text(library.read_text().replace("name=name", "name=name.upper()"))
    done = run(project, NOWHERE, "pytest", "-p", "no:asyncio")
    assert done.returncode == 1
    assert 'body.data[0]: "ADA" (recorded: "Ada")' in done.stdout


def test_the_steps_of_its_workflow_pass(project: Path) -> None:
    workflow = (project / ".github/workflows/test.yml").read_text()
    steps = [line.split("run: ")[1] for line in workflow.splitlines() if "run: spacecall" in line]
    assert len(steps) == 2
    for step in steps:
        done = subprocess.run(
            ["bash", "-c", step.replace("spacecall", f"{sys.executable} -m spacecall", 1)],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_can_be_recorded_anew(project: Path, workshop: AppServer) -> None:
    record = ("pytest", "-p", "no:asyncio", "--spacecall-record=rewrite")
    assert run(project, workshop.url, *record).returncode == 0
    assert run(project, NOWHERE, "pytest", "-p", "no:asyncio").returncode == 0


def test_the_test_of_the_page_is_recorded_and_replayed_as_it_stands(
    workshop: AppServer, tmp_path: Path
) -> None:
    source = (ROOT / "docs/examples/cassettes/test_greeting.py").read_text()
    test = tmp_path / "test_greeting.py"
    pytest_ = ("pytest", "-p", "no:asyncio", "-W", "error")
    test.write_text(source.replace("http://127.0.0.1:7860", NOWHERE))
    assert run(tmp_path, "", *pytest_, "--spacecall-record=once").returncode == 1
    test.write_text(source.replace("http://127.0.0.1:7860", workshop.url))
    recorded = run(tmp_path, "", *pytest_, "--spacecall-record=once")
    assert "1 passed" in recorded.stdout
    test.write_text(source)
    assert "1 passed" in run(tmp_path, "", *pytest_).stdout
