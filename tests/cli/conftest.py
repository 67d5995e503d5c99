"""The command run inside the test, and the apps that it is tried on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from spacecall.cli._app import run
from tests import servers
from tests.cli.processes import clear_credentials
from tests.servers import AppServer


@dataclass(frozen=True)
class CommandResult:
    """What a command did."""

    code: int
    out: str
    err: str


Cli: TypeAlias = Callable[..., CommandResult]


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token, login or terminal of whoever runs the tests; an empty folder to work in."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    clear_credentials(monkeypatch, home)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """`cli("call", …, stdin="…")`: run a command; its exit code and what it wrote."""

    def call(*arguments: Any, stdin: str | bytes = b"") -> CommandResult:
        path = tmp_path / "stdin"
        path.write_bytes(stdin.encode() if isinstance(stdin, str) else stdin)
        with path.open() as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return CommandResult(code, out, err)

    return call


@pytest.fixture(scope="session")
def locked_app() -> Iterator[AppServer]:
    """The protocol app with a login."""
    with servers.serve("protocol_app.py", servers.GRADIO_6, env={"AUTH": "ada:lace"}) as server:
        yield server
