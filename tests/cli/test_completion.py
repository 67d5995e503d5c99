from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.processes import run_command
from tests.codegen.apps import Function, Slot, app
from tests.servers import AppServer

NOWHERE = "http://127.0.0.1:9"


def complete(line: str, *, shell: str = "fish") -> str:
    """What the shell is told for the last word of a line."""
    parts = shlex.split(line)
    variables = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(parts) - 1),
        "_SPACECALL_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": parts[-1],
    }
    done = run_command(variables=variables)
    assert done.stderr == ""
    return done.stdout


def words(line: str) -> set[str]:
    return {row.split("\t")[0] for row in complete(line).splitlines()}


def test_commands_are_completed() -> None:
    assert words("spacecall ins") == {"inspect"}
    assert {"--json", "--all"} <= words("spacecall inspect --")


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("chat phi", {"phi-4", "phi-4-multimodal", "phi-3.5-mini"}),
        ("chat flux", set[str]()),
        ("check --format j", {"json", "junit"}),
        ("check --fail-on w", {"warning"}),
        ("record x /y --mode n", {"new_episodes"}),
    ],
)
def test_choices_are_completed(line: str, completions: set[str]) -> None:
    assert words(f"spacecall {line}") - {""} == completions


def test_endpoints_of_the_app_are_completed(protocol_app: AppServer) -> None:
    expected = {"/stream_text", "/stream_edit"}
    assert words(f"spacecall call {protocol_app.url} /stream") == expected
    assert words(f"spacecall inspect {protocol_app.url} /stream") == expected


def test_flags_of_the_endpoint_are_completed(protocol_app: AppServer) -> None:
    call = f"spacecall call {protocol_app.url}"
    assert words(f"{call} /echo --te") == {"--text"}
    assert {"--cb", "--no-cb", "--slider", "--out"} <= words(f"{call} /widgets --radio one --")
    assert words(f"{call} /none --te") <= {""}


@pytest.mark.parametrize("source", [NOWHERE, "nowhere", "''"])
def test_an_app_that_cannot_be_reached_completes_nothing(source: str) -> None:
    assert words(f"spacecall call {source} /st") <= {""}
    assert "--out" in words(f"spacecall call {source} /st --o")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_an_app_says_means_nothing_to_the_shell(shell: str, tmp_path: Path) -> None:
    evil = "$(touch a)`touch b`';touch c;\"\n\x1b[0m"
    slots = [Slot(label=evil, name="text"), Slot(label="", name=evil), Slot(name="x")]
    documents = app(Function("run", inputs=slots), Function(evil))
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(documents.config), encoding="utf-8")
    (folder / "info.json").write_text(json.dumps(documents.info), encoding="utf-8")
    for last in ("/run --t", "/"):
        completions = complete(f"spacecall call {folder} {last}", shell=shell)
        for text in ("$(", "`touch", ";touch", "\x1b"):
            assert text not in completions


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_the_shell(shell: str) -> None:
    variables = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = run_command("--show-completion", shell, variables=variables)
    assert done.returncode == 0
    assert "_SPACECALL_COMPLETE" in done.stdout
