"""A home folder that nobody knows is a file that is not there, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacecall._filenames import expand_home
from spacecall._io import token_lookup
from spacecall.cli._app import run

UNKNOWN = "~no-such-user"


@pytest.mark.parametrize(
    "command",
    [
        ["inspect", UNKNOWN],
        ["add", UNKNOWN],
        ["call", UNKNOWN, "/x"],
        ["record", UNKNOWN, "/x", "-o", f"{UNKNOWN}/y.json"],
        ["cassettes", "show", f"{UNKNOWN}/y.json"],
        ["wait", UNKNOWN],
    ],
    ids=lambda command: command[0],
)
def test_an_unknown_home_is_told_in_one_line(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(command) == 2
    error = capsys.readouterr().err
    assert error.startswith("spacecall: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("variable", ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"])
def test_without_a_home_there_is_no_saved_token(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, f"{UNKNOWN}/x")
    assert token_lookup.find_token() is None


def test_a_home_that_is_known_is_put_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand_home("~/x") == tmp_path / "x"
    assert expand_home(f"{UNKNOWN}/x") == Path(f"{UNKNOWN}/x")
