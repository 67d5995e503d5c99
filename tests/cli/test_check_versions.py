"""`spacecall check OLD NEW`, and paths from the root of the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.projects import FEWER, STEPS, configure, override, painter, save

MAXIMUM = "/$defs/PaintInput/properties/steps/maximum"
SCHEMA = "schemas/spaces/painter/join.schema.json"


def git(*arguments: str) -> None:
    """Run git in the current folder, without the user's configuration."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def commit(tag: str) -> None:
    """Commit everything, with a tag."""
    git("add", "--all")
    git("commit", "--quiet", "--message", tag)
    git("tag", tag)


@pytest.fixture
def revisions(cli: Cli) -> None:
    """A repository with a client in two versions, v1 and v2."""
    git("init", "--quiet")
    assert cli("add", save(painter()), "--name", "painter").code == 0
    commit("v1")
    assert cli("refresh", "--source", save(painter(steps=FEWER), "new")).code == 0
    commit("v2")


class TestPaths:
    """Two schema folders, two saved apps, or one of each."""

    def test_two_saved_apps_are_compared(self, cli: Cli) -> None:
        old, new = save(painter(), "old"), save(painter(steps=FEWER), "new")
        done = cli("check", old, new)
        assert (done.code, "maximum-narrowed" in done.out) == (1, True)
        assert done.out.startswith("old (new.json, ")
        assert cli("check", new, old, "--fail-on", "error").code == 0
        assert cli("check", old, old, "--fail-on", "any").code == 0

    def test_two_schema_folders_are_compared_with_lines_of_the_old_one(self, cli: Cli) -> None:
        for name, steps in (("one", STEPS), ("two", FEWER)):
            assert cli("add", save(painter(steps=steps), name), "--name", name).code == 0
        old, new = (f"schemas/spaces/{name}" for name in ("one", "two"))
        done = cli("check", old, new, "--format", "github")
        assert done.code == 1
        assert f"file={old}/join.schema.json,line=" in done.out

    def test_each_folder_has_its_own_corrections(self, cli: Cli) -> None:
        assert cli("add", save(painter()), "--name", "painter").code == 0
        shutil.copytree("schemas/spaces/painter", "before")
        assert cli("refresh", "--source", save(painter(steps=FEWER), "new")).code == 0
        override(MAXIMUM, 20, 50)
        done = cli("check", "before", "schemas/spaces/painter", "--fail-on", "any")
        assert (done.code, "no drift" in done.out) == (0, True)

    def test_a_folder_and_a_saved_app_are_compared(self, cli: Cli) -> None:
        assert cli("add", save(painter()), "--name", "painter").code == 0
        new = save(painter(steps=FEWER), "new")
        assert cli("check", "schemas/spaces/painter", new).code == 1
        assert cli("check", new, "schemas/spaces/painter").code == 0

    def test_names_of_clients_are_no_versions(self, cli: Cli) -> None:
        for name in ("one", "two"):
            assert cli("add", save(painter(), name), "--name", name).code == 0
            save(painter(steps=FEWER), name)  # a path of the same name
        shutil.copy("one.json", "one")
        shutil.copy("two.json", "two")
        done = cli("check", "one", "two")
        assert (done.code, "generated from saved files" in done.out) == (3, True)

    @pytest.mark.parametrize(
        ("old", "message"),
        [
            ("nowhere", "cannot compare new.json with 'nowhere'"),
            ("broken.json", "broken.json is not valid JSON"),
            ("damaged", "does not have the hash"),
        ],
    )
    def test_a_version_that_cannot_be_read_is_two(self, old: str, message: str, cli: Cli) -> None:
        assert cli("add", save(painter()), "--name", "painter").code == 0
        Path("broken.json").write_text("{")
        shutil.copytree("schemas/spaces/painter", "damaged")
        Path("damaged/join.schema.json").write_text("{}")
        done = cli("check", old, save(painter(), "new"))
        assert (done.code, done.out) == (2, "")
        assert message in done.err

    def test_a_source_is_for_clients_only(self, cli: Cli) -> None:
        saved = save(painter())
        done = cli("check", saved, saved, "--source", saved)
        assert (done.code, "--source cannot be combined" in done.err) == (2, True)


@pytest.mark.usefixtures("revisions")
class TestRevisions:
    """Two revisions of the project's repository."""

    def test_two_revisions_are_compared_client_by_client(self, cli: Cli) -> None:
        done = cli("check", "v1", "v2", "--format", "json")
        assert done.code == 1
        (report,) = json.loads(done.out)["reports"]
        assert (report["name"], report["source"]) == ("painter", "v2")
        (finding,) = report["findings"]
        assert finding["rule"] == "maximum-narrowed"
        assert finding["where"]["file"] == SCHEMA
        old = subprocess.check_output(["git", "show", f"v1:{SCHEMA}"], text=True)
        line = old.splitlines()[int(finding["where"]["line"]) - 1]
        assert line.strip() == '"steps": {'
        assert cli("check", "v2", "v1").code == 0
        assert cli("check", "HEAD~1", "HEAD").code == 1
        assert cli("check", "v2", "HEAD", "--fail-on", "any").code == 0

    def test_the_working_tree_is_neither_read_nor_changed(self, cli: Cli) -> None:
        shutil.rmtree("schemas")
        assert cli("check", "v1", "v2").code == 1
        assert not Path("schemas").exists()

    def test_clients_of_one_revision_only_are_named(self, cli: Cli) -> None:
        assert cli("add", save(painter()), "--name", "second").code == 0
        commit("v3")
        done = cli("check", "v2", "v3")
        assert (done.code, "second is in v3 only" in done.err) == (0, True)

    def test_the_configuration_selects_endpoints_and_the_threshold(self, cli: Cli) -> None:
        assert cli("refresh", "--source", save(painter(steps=FEWER, shout=False), "less")).code == 0
        commit("v3")
        assert cli("check", "v2", "v3").code == 1
        configure("[tool.spacecall.spaces.painter]\nendpoints = ['paint']\n")
        assert cli("check", "v2", "v3").code == 0

    def test_a_revision_without_schemas_is_two(self, cli: Cli) -> None:
        shutil.rmtree("schemas")
        commit("v3")
        done = cli("check", "v3", "v3")
        assert (done.code, "has schemas in schemas/spaces" in done.err) == (2, True)

    @pytest.mark.parametrize("revision", ["v9", "--output=x", "v1:schemas", ""])
    def test_what_is_no_revision_is_two(self, revision: str, cli: Cli) -> None:
        done = cli("check", "v1", "--", revision)
        assert done.code == 2
        assert not Path("x").exists()

    def test_a_revision_is_compared_with_a_schema_folder_or_a_saved_app(self, cli: Cli) -> None:
        new = save(painter(steps=FEWER), "new")
        for path in ("schemas/spaces/painter", new):
            done = cli("check", "v1", path, "--format", "json")
            (report,) = json.loads(done.out)["reports"]
            rules = [finding["rule"] for finding in report["findings"]]
            assert (done.code, report["source"], rules) == (1, path, ["maximum-narrowed"])
            assert cli("check", path, "v1", "--fail-on", "warning").code == 0

    def test_a_saved_app_needs_the_only_client_of_a_revision(self, cli: Cli) -> None:
        assert cli("add", save(painter(), "second"), "--name", "second").code == 0
        commit("v3")
        done = cli("check", "v3", save(painter(), "new"))
        assert (done.code, "v3 has painter, second" in done.err) == (2, True)
        assert cli("check", "v3", "schemas/spaces/second").code == 0

    def test_an_error_names_the_argument_that_is_not_a_version(self, cli: Cli) -> None:
        for pair in (("v1", "nosuch"), ("nosuch", "v1")):
            done = cli("check", *pair)
            assert (done.code, "cannot compare v1 with 'nosuch'" in done.err) == (2, True)
        git("tag", "painter")  # a revision with the name of a client
        done = cli("check", "painter", "nosuch")
        assert (done.code, "nosuch" in done.err, "cannot compare" in done.err) == (2, True, False)

    def test_a_damaged_revision_is_named(self, cli: Cli) -> None:
        Path(SCHEMA).write_text("{}")
        commit("v3")
        done = cli("check", "v2", "v3")
        assert (done.code, f"v3:{SCHEMA}" in done.err) == (2, True)

    def test_links_and_other_files_of_a_revision_are_not_followed(self, cli: Cli) -> None:
        shutil.copytree("schemas/spaces/painter", "schemas/spaces/linked")
        lock = Path("schemas/spaces/linked/space.lock.json")
        lock.unlink()
        lock.symlink_to("/etc/passwd")
        commit("v3")
        assert cli("check", "v2", "v3").code == 0


def test_projects_of_one_repository_are_compared_apart(cli: Cli) -> None:
    git("init", "--quiet")
    old, new = (
        Path(save(painter(steps=steps), name)).resolve()
        for name, steps in (("old", STEPS), ("new", FEWER))
    )
    for folder in ("shop", "bank"):
        Path(folder).mkdir()
        Path(folder, "pyproject.toml").write_text("[tool.spacecall]\n")
        with chdir(folder):
            assert cli("add", old, "--name", "painter").code == 0
    commit("v1")
    with chdir("shop"):
        assert cli("refresh", "--source", new).code == 0
    commit("v2")
    for folder, code in (("shop", 1), ("bank", 0)):
        with chdir(folder):
            done = cli("check", "v1", "v2", "--format", "json")
            mixed = cli("check", "v1", "schemas/spaces/painter")
        (report,) = json.loads(done.out)["reports"]
        assert (done.code, mixed.code, len(report["findings"])) == (code, code, code)
        for finding in report["findings"]:
            assert finding["where"]["file"] == f"{folder}/{SCHEMA}"


def test_paths_are_relative_to_the_root_of_the_repository(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet")
    project = Path("services/shop")
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    ignore = "rule = 'endpoint-added'\nreason = 'old'\nuntil = 2020-01-01\n"
    configure(f"[[tool.spacecall.ignore]]\n{ignore}")
    assert cli("add", save(painter()), "--name", "painter").code == 0
    commit("v1")
    new = save(painter(steps=FEWER), "new")
    done = cli("check", "--source", new, "--format", "github")
    assert f"file=services/shop/{SCHEMA},line=" in done.out
    assert "file=services/shop/pyproject.toml,title=" in done.out
    assert cli("refresh", "--source", new).code == 0
    commit("v2")
    done = cli("check", "v1", "v2", "--format", "json")
    (report,) = json.loads(done.out)["reports"]
    files = {finding["where"]["file"] for finding in report["findings"]}
    assert files == {f"services/shop/{SCHEMA}", "services/shop/pyproject.toml"}


def test_outside_of_a_repository_paths_are_relative_to_the_project(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("[tool.spacecall]\n")
    assert cli("add", save(painter()), "--name", "painter").code == 0
    new = Path(save(painter(steps=FEWER), "new")).resolve()
    Path("below").mkdir()
    monkeypatch.chdir("below")
    done = cli("check", "--source", new)
    assert f"  {SCHEMA}:" in done.out
