"""`spacecall remove`: what was generated goes, what somebody wrote stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.projects import configure, painter, save

FOLDER = Path("schemas/spaces/painter")
MODULE = Path("spaces/painter.py")


@pytest.fixture(autouse=True)
def project(isolated_environment: None, cli: Cli) -> None:
    """A project with two clients."""
    for name in ("painter", "other"):
        assert cli("add", save(painter()), "--name", name).code == 0


def test_the_schemas_and_the_module_go(cli: Cli) -> None:
    done = cli("remove", "painter")
    assert done.code == 0
    assert "spaces/painter.py" in done.out.splitlines()
    assert not FOLDER.exists()
    assert not MODULE.exists()
    assert Path("spaces/other.py").exists()
    assert Path("schemas/spaces/other").is_dir()
    assert cli("generate", "--check").code == 0


def test_a_module_that_somebody_wrote_keeps_everything(cli: Cli) -> None:
    MODULE.write_text("mine = 1\n")
    done = cli("remove", "painter")
    assert done.code == 2
    assert MODULE.exists()
    assert (FOLDER / "space.lock.json").exists()


def test_files_that_no_command_wrote_stay(cli: Cli) -> None:
    (FOLDER / "notes.md").write_text("mine")
    done = cli("remove", "painter")
    assert (done.code, "it has other files" in done.err) == (0, True)
    assert [path.name for path in FOLDER.iterdir()] == ["notes.md"]


def test_a_module_without_schemas_goes_too(cli: Cli) -> None:
    for path in FOLDER.iterdir():
        path.unlink()
    FOLDER.rmdir()
    assert cli("remove", "painter").out == "spaces/painter.py\n"
    assert not MODULE.exists()


def test_the_configuration_is_not_changed(cli: Cli) -> None:
    text = "[tool.spacecall.spaces.painter]\nsource = 'saved.json'\n"
    configure(text)
    done = cli("remove", "painter")
    assert "still has the table [tool.spacecall.spaces.painter]" in done.err
    assert Path("pyproject.toml").read_text() == text


@pytest.mark.parametrize("name", ["paint", "?", "../other", "schemas/spaces/painter"])
def test_what_is_no_client_removes_nothing(name: str, cli: Cli) -> None:
    assert cli("remove", name).code == 2
    assert MODULE.exists()
    assert FOLDER.is_dir()
