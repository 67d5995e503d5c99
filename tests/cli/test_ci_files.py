"""The GitHub Action and the pre-commit hooks of this repository: parsed, and their commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from spacecall.cli._app import COMMANDS
from tests.cli.conftest import Cli
from tests.cli.processes import ROOT
from tests.cli.projects import FEWER, painter, save

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
STEPS: dict[str, Any] = {step["id"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def project(cli: Cli) -> None:
    """A project with one client, whose app is a saved file."""
    assert cli("add", save(painter()), "--name", "painter").code == 0
    save(painter(steps=FEWER), "new")


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """RUNNER_TEMP, where the step `install` has put the command."""
    folder = tmp_path / "runner"
    command = folder / "spacecall/bin/spacecall"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m spacecall "$@"\n')
    command.chmod(0o755)
    return folder


def run_check(runner: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Run the step `check` as GitHub does: its exit code, stdout, and outputs."""
    step, output = STEPS["check"], runner / "output"
    output.write_text("")
    values = {name: about["default"] for name, about in ACTION["inputs"].items()} | inputs
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) }}", lambda match: values[match[1]], text)
        for name, text in step["env"].items()
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, **variables, "RUNNER_TEMP": str(runner), "GITHUB_OUTPUT": str(output)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = output.read_text().splitlines()
    return done.returncode, done.stdout, dict(line.split("=", 1) for line in lines)


def test_the_action_takes_its_inputs_by_the_environment_only() -> None:
    variables: list[dict[str, str]] = [step.get("env", {}) for step in STEPS.values()]
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert used == ACTION["inputs"].keys()
    assert all(text.startswith("${{ ") for env in variables for text in env.values())
    assert all(about["description"] for about in ACTION["inputs"].values())


def test_the_action_installs_itself_with_the_command() -> None:
    assert '"$SPACECALL[cli]"' in STEPS["install"]["run"]
    assert STEPS["install"]["env"]["SPACECALL"] == "${{ github.action_path }}"
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "cli" in configuration["project"]["optional-dependencies"]
    assert "spacecall" in configuration["project"]["scripts"]


@pytest.mark.usefixtures("project")
def test_the_action_annotates_drift_and_fails(runner: Path) -> None:
    old, new = "schemas/spaces/painter", "new.json"
    code, out, outputs = run_check(runner, clients=f"{old} {new}")
    assert (code, outputs) == (1, {"drift": "true", "exit-code": "1"})
    assert out.startswith(f"::error file={old}/join.schema.json,line=")
    code, out, outputs = run_check(runner, clients=f"{old} {new}", fail="false", format="json")
    assert (code, outputs) == (0, {"drift": "true", "exit-code": "1"})
    assert json.loads(out)["exit_code"] == 1
    code, _, outputs = run_check(runner, clients=f"{new} {new}", **{"fail-on": "any"})
    assert (code, outputs) == (0, {"drift": "false", "exit-code": "0"})


@pytest.mark.usefixtures("project")
def test_the_action_fails_where_an_app_could_not_be_checked(runner: Path) -> None:
    code, _, outputs = run_check(runner, fail="false", token="hf_" + "x" * 30)
    assert (code, outputs) == (3, {"drift": "false", "exit-code": "3"})
    code, _, outputs = run_check(runner, clients="$(touch hacked) --help", fail="false")
    assert (code, outputs["drift"]) == (2, "false")
    assert not Path("hacked").exists()


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_has_what_pre_commit_requires(hook: dict[str, Any]) -> None:
    assert hook.keys() >= {"id", "name", "description", "entry", "language"}
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    assert hook["additional_dependencies"] == [".[cli]"]
    command, name, *_ = shlex.split(hook["entry"])
    assert command == "spacecall"
    assert name in COMMANDS


@pytest.mark.usefixtures("project")
def test_the_hooks_pass_and_fail_with_the_project(cli: Cli) -> None:
    entries = {hook["id"]: shlex.split(hook["entry"])[1:] for hook in HOOKS}
    assert cli(*entries["spacecall-generate"]).code == 0
    module = Path("spaces/painter.py")
    module.write_text(module.read_text().replace("le=50", "le=60"))
    assert cli(*entries["spacecall-generate"]).code == 1
    assert cli(*entries["spacecall-check"]).code == 3  # the app is a saved file


def test_the_hook_for_clients_runs_for_all_files_that_they_are_made_of() -> None:
    (pattern,) = (hook["files"] for hook in HOOKS if hook["id"] == "spacecall-generate")
    folder = "services/shop/schemas/spaces/painter"
    files = ("join.schema.json", "queue-data.schema.json", "upload.schema.json", "overrides.toml")
    for path in (*(f"{folder}/{name}" for name in (*files, "space.lock.json")), "pyproject.toml"):
        assert re.search(pattern, path)
    assert re.search(pattern, "spaces/painter.py")
    assert not re.search(pattern, "README.md")


def test_each_project_of_a_repository_has_a_hook_of_its_own(cli: Cli, runner: Path) -> None:
    page = (ROOT / "docs/drift.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n( +- id: spacecall-generate\n +alias: .*?)```", page, re.DOTALL)
    (hook,) = yaml.safe_load(text)
    saved = Path(save(painter())).resolve()
    for name in ("services/shop", "services/bank"):
        Path(name).mkdir(parents=True)
        Path(name, "pyproject.toml").write_text("[tool.spacecall]\n")
        with chdir(name):
            assert cli("add", saved, "--name", "painter").code == 0

    def run_hook() -> int:
        path = f"{runner / 'spacecall/bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path}
        return subprocess.run(shlex.split(hook["entry"]), env=environment, check=False).returncode

    Path("services/bank/spaces/painter.py").unlink()
    assert run_hook() == 0
    Path("services/shop/spaces/painter.py").unlink()
    assert run_hook() == 1
    assert re.search(hook["files"], "services/shop/spaces/painter.py")
    assert not re.search(hook["files"], "services/bank/spaces/painter.py")
