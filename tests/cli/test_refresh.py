"""`spacecall refresh`: fetched again, compared, written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacecall.codegen._schemas import schema_folder
from tests import servers
from tests.cli.conftest import Cli
from tests.cli.projects import FEWER, configure, override, painter, save
from tests.conftest import ServerPool

FOLDER = Path("schemas/spaces/painter")
MODULE = Path("spaces/painter.py")
MAXIMUM = "/$defs/PaintInput/properties/steps/maximum"


@pytest.fixture
def project(cli: Cli) -> None:
    """A project with one client, made from saved files."""
    done = cli("add", save(painter()), "--name", "painter")
    assert done.code == 0, done.err


def written() -> dict[str, bytes]:
    """Everything that commands write."""
    files = [path for path in (*FOLDER.rglob("*"), *Path("spaces").rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.usefixtures("project")
def test_the_drift_is_shown_and_schemas_and_code_are_written(cli: Cli) -> None:
    done = cli("refresh", "--source", save(painter(steps=FEWER), "new"))
    assert done.code == 0
    assert "maximum-narrowed" in done.out
    assert done.out.splitlines()[-2:] == ["schemas/spaces/painter", "spaces/painter.py"]
    assert "le=20" in MODULE.read_text()
    assert cli("check", "--source", "new.json").code == 0
    assert cli("generate", "--check").code == 0


@pytest.mark.usefixtures("project")
def test_what_is_the_same_stays_untouched(cli: Cli) -> None:
    path = FOLDER / schema_folder.LOCK_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "date": "2020-01-01"}))
    before = written()
    done = cli("refresh", "--source", "saved.json")
    assert done.code == 0
    assert done.out.count("\n") == 1
    assert written() == before


@pytest.mark.usefixtures("project")
def test_corrections_stay_and_reach_the_code(cli: Cli) -> None:
    override(MAXIMUM, 50, 100)
    text = (FOLDER / "overrides.toml").read_bytes()
    assert cli("refresh", "--source", save(painter(shout=False), "new")).code == 0
    assert (FOLDER / "overrides.toml").read_bytes() == text
    assert "le=100" in MODULE.read_text()
    assert (
        json.loads((FOLDER / "join.schema.json").read_text())["$defs"]["PaintInput"]["properties"][
            "steps"
        ]["maximum"]
        == 50
    )


@pytest.mark.usefixtures("project")
def test_a_correction_that_does_not_fit_any_more_is_an_error_and_nothing_is_written(
    cli: Cli,
) -> None:
    override(MAXIMUM, 50, 100)
    before = written()
    done = cli("refresh", "--source", save(painter(steps=FEWER), "new"))
    assert done.code == 2
    assert "has 20 at" in done.err
    assert written() == before
    override(MAXIMUM, 20, 100)
    again = cli("refresh", "--source", "new.json")
    assert again.code == 0, again.err
    assert "le=100" in MODULE.read_text()


@pytest.mark.usefixtures("project")
def test_broken_schemas_are_taken_again(cli: Cli) -> None:
    (FOLDER / "join.schema.json").write_text("{}")
    done = cli("refresh", "--source", "saved.json")
    assert done.code == 0
    assert "refreshing without a report of the drift" in done.err
    assert cli("generate", "--check").code == 0


@pytest.mark.usefixtures("project")
def test_a_module_that_somebody_wrote_keeps_everything_as_it_is(cli: Cli) -> None:
    MODULE.write_text("mine = 1\n")
    before = written()
    assert cli("refresh", "--source", save(painter(steps=FEWER), "new")).code == 2
    assert written() == before


def test_endpoints_that_were_asked_for_are_those_that_are_taken_again(cli: Cli) -> None:
    assert cli("add", save(painter()), "--name", "painter", "--endpoints", "paint,shout").code == 0
    done = cli("refresh", "--source", save(painter(shout=False), "new"))
    assert done.code == 0
    assert done.err == "painter: the app no longer has /shout\n"
    assert schema_folder.read_folder(FOLDER).lock.endpoints == ("/paint",)
    gone = cli("refresh", "--source", save(painter(name="draw", shout=False), "other"))
    assert (gone.code, "no longer has any of /paint" in gone.err) == (2, True)


def test_the_configuration_names_clients_and_their_endpoints(cli: Cli) -> None:
    save(painter())
    configure(
        "[tool.spacecall.spaces.painter]\nsource = 'saved.json'\nendpoints = ['paint']\n"
        "[tool.spacecall.spaces.both]\nsource = 'saved.json'\n"
    )
    done = cli("refresh")
    assert done.code == 0, done.err
    assert "def shout(" not in MODULE.read_text()
    assert "def shout(" in Path("spaces/both.py").read_text()
    assert cli("check").code == 0
    configure("[tool.spacecall.spaces.painter]\nsource = 'saved.json'\n")
    assert cli("refresh", "painter").code == 0
    assert "def shout(" in MODULE.read_text()
    configure("[tool.spacecall.spaces.painter]\nsource = 'saved.json'\nendpoints = ['pain']\n")
    wrong = cli("refresh", "painter")
    assert wrong.code == 2
    assert "pyproject.toml: tool.spacecall.spaces.painter.endpoints" in wrong.err
    assert "did you mean /paint" in wrong.err


def test_add_follows_the_configuration(cli: Cli) -> None:
    save(painter())
    configure("[tool.spacecall]\ncode = 'lib'\n[tool.spacecall.spaces.p]\nendpoints = ['paint']\n")
    assert cli("add", "saved.json", "--name", "p").out == "schemas/spaces/p\nlib/p.py\n"
    assert "def shout(" not in Path("lib/p.py").read_text()
    assert Path("lib/__init__.py").is_file()


@pytest.mark.usefixtures("project")
def test_one_app_that_does_not_answer_does_not_keep_the_others_back(cli: Cli) -> None:
    save(painter(steps=FEWER))
    configure(
        "[tool.spacecall.spaces.painter]\nsource = 'saved.json'\n"
        "[tool.spacecall.spaces.away]\nsource = 'http://127.0.0.1:9'\n"
    )
    done = cli("refresh")
    assert done.code == 3
    assert "away: cannot connect" in done.err
    assert "le=20" in MODULE.read_text()
    assert not Path("schemas/spaces/away").exists()


def test_a_real_app_that_changed_is_refreshed(cli: Cli, app_server: ServerPool) -> None:
    old = app_server("changing_app.py", servers.GRADIO_6, env={"VERSION": "1"})
    new = app_server("changing_app.py", servers.GRADIO_6, env={"VERSION": "2"})
    assert cli("add", old.url, "--name", "changing").code == 0
    assert schema_folder.read_folder(Path("schemas/spaces/changing")).lock.access == "open"
    done = cli("refresh", "changing", "--source", new.url)
    assert done.code == 0, done.err
    assert "endpoint-removed" in done.out
    assert cli("check", "--fail-on", "info").code == 0
    assert new.url in Path("spaces/changing.py").read_text()
