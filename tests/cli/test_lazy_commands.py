"""The command loads what it needs: its version and its help are there at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spacecall.cli._app import COMMANDS, LazyCommand, create_command
from tests.servers import AppServer

_LIBRARIES = ("httpx", "pydantic", "anyio", "asyncio", "rich", "huggingface_hub")
_REPORT = """
import contextlib, io, json, sys
from spacecall.cli._app import run
with contextlib.redirect_stdout(io.StringIO()):
    assert run(sys.argv[1:]) == 0
print(json.dumps(sorted(sys.modules)))
"""


def modules_of(*arguments: str) -> set[str]:
    """The modules that a command has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_no_library_but_that_of_the_command_line(option: str) -> None:
    modules = modules_of(option)
    assert not modules.intersection(_LIBRARIES)
    prefixes = ("spacecall._client", "spacecall._io", "spacecall._core", "spacecall.codegen")
    assert not [name for name in modules if name.startswith(prefixes)]
    assert not [name for name in modules if name.startswith("spacecall.cli._commands.")]


def test_a_command_loads_no_other_command() -> None:
    modules = modules_of("rules")
    commands = {name for name in modules if name.startswith("spacecall.cli._commands.")}
    assert commands == {"spacecall.cli._commands.rules"}
    assert not modules.intersection(("httpx", "huggingface_hub"))


def test_a_call_loads_nothing_of_the_tools(protocol_app: AppServer) -> None:
    modules = modules_of("call", protocol_app.url, "/echo", "--text", "hi")
    assert "spacecall._client.space" in modules
    tools = ("codegen", "cassettes", "models", "hub", "_wire", "cli._runners.jsonl_calls")
    assert not modules.intersection(f"spacecall.{name}" for name in tools)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_sentence_of_its_help(name: str) -> None:
    lazy_command = create_command().commands[name]
    assert isinstance(lazy_command, LazyCommand)
    loaded = lazy_command.load()
    assert lazy_command.get_short_help_str(200) == loaded.get_short_help_str(200)
    assert loaded.name == name
