"""Tests of somebody else's that replay cassettes: docs/examples/ci, and docs/cassettes.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from identify.identify import tags_from_path

from spacecall.cassettes._format.cassette_file import EXTERNAL_FROM, BodyFiles
from tests.forks import PYTEST_FILTERS, run_module
from tests.servers import AppServer

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(ROOT / "docs/examples/ci", tmp_path / "ci")


def run(project: Path, app: str, *command: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "APP": app}
    return run_module(command[0], command[1:], env=env, timeout=100, folder=project)


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
        assert "nothing" not in done.stdout
        assert "its own schemas" not in done.stdout


def tools() -> list[tuple[str, ...]]:
    """The hooks of its pre-commit configuration, as commands that get file names."""
    return [
        ("end-of-file-fixer", "pre_commit_hooks.end_of_file_fixer"),
        ("trailing-whitespace", "pre_commit_hooks.trailing_whitespace_fixer"),
        ("black", "black", "--quiet"),
        ("isort", "isort", "--quiet"),
        ("ruff-check", "ruff", "check", "--quiet", "--no-cache", "--fix", "--unsafe-fixes"),
        ("ruff-format", "ruff", "format", "--quiet", "--no-cache"),
    ]


def texts(project: Path) -> list[Path]:
    """The files that pre-commit gives to hooks for text."""
    config = (project / ".pre-commit-config.yaml").read_text()
    (excluded,) = re.findall(r"^exclude: (.*)$", config, re.MULTILINE)
    paths = sorted(path for path in project.rglob("*") if path.is_file())
    return [
        path
        for path in paths
        if not re.search(excluded, path.as_posix())
        and not path.is_relative_to(project / ".ruff_cache")
        and "text" in tags_from_path(str(path))
    ]


def test_formatters_and_fixers_leave_its_files_alone_twice(project: Path) -> None:
    hooks = (project / ".pre-commit-config.yaml").read_text()
    assert all(f"- id: {name}" in hooks for name, *_ in tools() if name != "ruff-format")
    bodies = BodyFiles(project / "tests/cassettes/counting.json")
    stored = bodies.store(BytesIO(b"line \n" * EXTERNAL_FROM + b"\n\n"), "text/csv")
    bodies.save(frozenset({str(stored["sha256"])}))
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    for _ in range(2):
        for _name, module, *options in tools():
            is_fixer = module.startswith("pre_commit_hooks")
            files = [path for path in texts(project) if is_fixer or path.suffix == ".py"]
            done = run(project, "", module, *options, *map(str, files))
            assert done.returncode == 0, f"{module}: {done.stdout}{done.stderr}"
    after = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert [path for path in before if after.get(path) != before[path]] == []
    assert bodies.read(stored)
    assert run(project, "", "spacecall", "generate", "--check").returncode == 0


def test_its_files_survive_a_checkout_with_the_newlines_of_windows(project: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=true"]

    def git_run(*arguments: str, cwd: Path) -> None:
        subprocess.run([*git, *arguments], cwd=cwd, check=True, capture_output=True, timeout=60)

    bodies = BodyFiles(project / "tests/cassettes/counting.json")
    stored = bodies.store(BytesIO(b"a line\n" * EXTERNAL_FROM), "text/csv")
    bodies.save(frozenset({str(stored["sha256"])}))
    git_run("init", "--quiet", cwd=project)
    git_run("add", "--all", cwd=project)
    git_run("commit", "--quiet", "--message=all", cwd=project)
    git_run("clone", "--quiet", str(project), "windows", cwd=project.parent)
    clone = project.parent / "windows"
    assert b"\r\n" in (clone / "spaces/workshop.py").read_bytes()
    assert b"\r\n" in (clone / "schemas/spaces/workshop/join.schema.json").read_bytes()
    assert run(clone, "", "spacecall", "generate", "--check").returncode == 0
    assert BodyFiles(clone / "tests/cassettes/counting.json").read(stored)
    done = run(clone, NOWHERE, "pytest", "-p", "no:asyncio")
    assert "3 passed" in done.stdout


def test_it_can_be_recorded_anew(project: Path, workshop: AppServer) -> None:
    record = ("pytest", "-p", "no:asyncio", "--spacecall-record=rewrite")
    assert run(project, workshop.url, *record).returncode == 0
    assert run(project, NOWHERE, "pytest", "-p", "no:asyncio").returncode == 0


def test_the_test_of_the_page_is_recorded_and_replayed_as_it_stands(
    workshop: AppServer, tmp_path: Path
) -> None:
    source = (ROOT / "docs/examples/cassettes/test_greeting.py").read_text()
    test = tmp_path / "test_greeting.py"
    pytest_ = ("pytest", "-p", "no:asyncio", *PYTEST_FILTERS)
    test.write_text(source.replace("http://127.0.0.1:7860", NOWHERE))
    assert run(tmp_path, "", *pytest_, "--spacecall-record=once").returncode == 1
    test.write_text(source.replace("http://127.0.0.1:7860", workshop.url))
    recorded = run(tmp_path, "", *pytest_, "--spacecall-record=once")
    assert "1 passed" in recorded.stdout
    test.write_text(source)
    assert "1 passed" in run(tmp_path, "", *pytest_).stdout
