"""`spacecall check`: exit codes, formats, what counts."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from spacecall.codegen._schemas import schema_folder
from tests import servers
from tests.cli.conftest import Cli
from tests.cli.projects import FEWER, STEPS, configure, override, painter, save
from tests.client.web import Page, web
from tests.conftest import ServerPool

MAXIMUM = "/$defs/PaintInput/properties/steps/maximum"
ADDED = replace(STEPS, props={"minimum": 1, "maximum": 60})


@pytest.fixture
def project(cli: Cli) -> None:
    """A project with one client, made from saved files."""
    done = cli("add", save(painter()), "--name", "painter")
    assert done.code == 0, done.err


@pytest.mark.usefixtures("project")
class TestSaved:
    """Against saved apps."""

    def test_the_same_app_is_no_drift(self, cli: Cli) -> None:
        done = cli("check", "--source", "saved.json")
        assert done.code == 0
        assert "no drift" in done.out

    def test_drift_is_listed_with_its_rule_and_line(self, cli: Cli) -> None:
        done = cli("check", "painter", "--source", save(painter(steps=FEWER), "new"))
        assert done.code == 1
        assert "error    maximum-narrowed" in done.out
        assert "schemas/spaces/painter/join.schema.json:" in done.out

    def test_drift_is_followed_by_what_to_do(self, cli: Cli) -> None:
        done = cli("check", "--source", save(painter(steps=FEWER), "new"))
        (line,) = [line for line in done.err.splitlines() if "spacecall refresh" in line]
        assert "spacecall rules ID\n" in done.err
        assert cli("check", "--source", "saved.json").err == ""
        command = shlex.split(line.partition(": spacecall ")[2])
        assert command[:3] == ["refresh", "painter", "--source"]
        assert cli(*command).code == 0

    def test_a_warning_alone_is_followed_by_what_to_do(self, cli: Cli) -> None:
        configure("[tool.spacecall.severities]\nmaximum-narrowed = 'warning'\n")
        done = cli("check", "--source", save(painter(steps=FEWER), "new"))
        assert (done.code, "spacecall refresh painter --source" in done.err) == (0, True)

    def test_an_ignored_endpoint_is_written_with_or_without_its_slash(self, cli: Cli) -> None:
        for endpoint in ("/paint", "paint"):
            configure(
                "[[tool.spacecall.ignore]]\nrule = 'maximum-narrowed'\n"
                f"endpoint = '{endpoint}'\nreason = 'r'\nuntil = 2999-01-01\n"
            )
            done = cli("check", "--source", save(painter(steps=FEWER), "new"))
            assert (done.code, "matches no finding" in done.err) == (0, False), done.out

    @pytest.mark.parametrize("entry", ["endpoint = '/pant'", "where = 'outptu 2'", "space = 'x'"])
    def test_an_entry_of_the_ignore_list_without_effect_is_named(
        self, entry: str, cli: Cli
    ) -> None:
        configure(
            "[[tool.spacecall.ignore]]\nrule = 'maximum-narrowed'\n"
            f"{entry}\nreason = 'r'\nuntil = 2999-01-01\n"
        )
        done = cli("check", "--source", save(painter(steps=FEWER), "new"))
        pattern = entry.partition("'")[2].rstrip("'")
        line = f"pyproject.toml: ignore, entry 1 (maximum-narrowed {pattern}) matches no finding"
        assert (done.code, line in done.err) == (1, True), done.err
        assert "matches no finding" not in cli("check", "painter", "--source", "new.json").err

    @pytest.mark.parametrize(
        ("threshold", "code"), [("error", 0), ("warning", 0), ("info", 1), ("any", 1), ("", 0)]
    )
    def test_the_threshold_decides(self, threshold: str, code: int, cli: Cli) -> None:
        options = ["--fail-on", threshold] if threshold else []
        source = save(painter(steps=ADDED), "new")
        assert cli("check", "--source", source, *options).code == code

    def test_the_configuration_decides_without_an_option(self, cli: Cli) -> None:
        source = save(painter(steps=ADDED), "new")
        configure("[tool.spacecall]\nfail-on = 'info'\n")
        assert cli("check", "--source", source).code == 1
        assert cli("check", "--source", source, "--fail-on", "error").code == 0

    def test_severities_and_ignores_come_from_the_configuration(self, cli: Cli) -> None:
        source = save(painter(steps=FEWER), "new")
        configure("[tool.spacecall.severities]\nmaximum-narrowed = 'warning'\n")
        assert cli("check", "--source", source).code == 0
        configure(
            "[[tool.spacecall.ignore]]\nrule = 'maximum-narrowed'\nspace = 'painter'\n"
            "reason = 'known'\nuntil = 2999-01-01\n"
        )
        done = cli("check", "--source", source)
        assert (done.code, "known (until 2999-01-01)" in done.out) == (0, True)

    def test_what_is_not_used_does_not_count(self, cli: Cli) -> None:
        source = save(painter(shout=False), "new")
        assert cli("check", "--source", source).code == 1
        configure("[tool.spacecall.spaces.painter]\nendpoints = ['paint']\n")
        done = cli("check", "--source", source, "--fail-on", "info")
        assert done.code == 0, done.out

    @pytest.mark.parametrize("form", ["json", "markdown", "github", "junit"])
    def test_every_format_is_all_there_is_on_stdout(self, form: str, cli: Cli) -> None:
        done = cli("check", "--source", save(painter(steps=FEWER), "new"), "--format", form)
        assert done.code == 1
        assert done.err == ""
        assert "maximum-narrowed" in done.out
        if form == "json":
            assert json.loads(done.out)["exit_code"] == 1

    def test_another_schema_folder_is_a_source(self, cli: Cli) -> None:
        shutil.copytree("schemas/spaces/painter", "before")
        assert cli("refresh", "--source", save(painter(steps=FEWER), "new")).code == 0
        done = cli("check", "--source", "before")
        assert (done.code, "maximum-widened" in done.out) == (0, True)

    def test_a_correction_is_no_drift(self, cli: Cli) -> None:
        override(MAXIMUM, 50, 100)
        done = cli("check", "--source", "saved.json", "--fail-on", "info")
        assert (done.code, done.err) == (0, "")

    def test_an_app_that_corrects_itself_is_no_drift_and_the_correction_is_out_of_date(
        self, cli: Cli
    ) -> None:
        override(MAXIMUM, 50, 60)
        done = cli("check", "--source", save(painter(steps=ADDED), "new"), "--fail-on", "info")
        assert done.code == 0
        assert "has 60 at" in done.err

    def test_a_corrected_value_that_changes_is_drift(self, cli: Cli) -> None:
        override(MAXIMUM, 50, 100)
        done = cli("check", "--source", save(painter(steps=FEWER), "new"))
        assert (done.code, "maximum-narrowed" in done.out) == (1, True)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--format", "xml"], "--format must be one of text"),
            (["--fail-on", "never"], "--fail-on must be one of error"),
            (["paint"], "did you mean painter?"),
            (["--source", "nowhere"], "is not a Space id"),
            (["--source", "."], "cannot read config.json"),
        ],
    )
    def test_wrong_use_is_two(self, arguments: list[str], message: str, cli: Cli) -> None:
        done = cli("check", *arguments)
        assert (done.code, done.out) == (2, "")
        assert message in done.err

    def test_a_configuration_that_is_wrong_is_two(self, cli: Cli) -> None:
        configure("[tool.spacecall]\nfail-on = 'never'\n")
        assert cli("check", "--source", "saved.json").code == 2

    def test_one_source_is_for_one_client(self, cli: Cli) -> None:
        assert cli("add", "saved.json", "--name", "second").code == 0
        done = cli("check", "--source", "saved.json")
        assert (done.code, "add one NAME of painter, second" in done.err) == (2, True)

    def test_a_client_of_saved_files_cannot_be_checked_without_a_source(self, cli: Cli) -> None:
        assert cli("check").code == 3

    def test_an_app_that_does_not_answer_is_not_taken_for_no_drift(self, cli: Cli) -> None:
        done = cli("check", "--source", "http://127.0.0.1:9")
        assert done.code == 3
        assert "could not be checked: cannot connect" in done.out

    def test_what_says_no_gradio_config_is_not_checked(self, cli: Cli) -> None:
        Path("odd.json").write_text('{"config": {}, "info": {}}')
        assert cli("check", "--source", "odd.json").code == 3


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_three(status: int, cli: Cli) -> None:
    page = Page(b'{"detail": "no"}', status, {"content-type": "application/json"})
    with web({"/config": page}) as server:
        done = cli("check", "--source", server.url, "--timeout", 10)
    assert done.code == 3
    assert "could not be checked: " in done.out


@pytest.mark.usefixtures("project")
def test_a_page_that_is_no_gradio_app_is_three(cli: Cli) -> None:
    page = Page(b"<html>This Space is sleeping", headers={"content-type": "text/html"})
    with web({"/config": page}) as server:
        done = cli("check", "--source", server.url)
    assert (done.code, "HTML page" in done.out) == (3, True)


def test_an_app_that_wants_a_login_now_says_so_and_is_three(
    cli: Cli, app_server: ServerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = app_server("changing_app.py", servers.GRADIO_6, env={"VERSION": "1"})
    locked = app_server("changing_app.py", servers.GRADIO_6, env={"AUTH": "ada:lace"})
    assert cli("add", old.url, "--name", "changing").code == 0
    done = cli("check", "--source", locked.url)
    assert done.code == 3
    assert "login-required" in done.out
    monkeypatch.setenv("SPACECALL_USERNAME", "ada")
    monkeypatch.setenv("SPACECALL_PASSWORD", "lace")
    logged_in = cli("check", "--source", locked.url)
    assert (logged_in.code, "login-required" in logged_in.out) == (1, True)
    assert cli("refresh", "--source", locked.url).code == 0
    assert schema_folder.read_lock(Path("schemas/spaces/changing")).access == "login"
    monkeypatch.setenv("SPACECALL_FOR", locked.url)
    assert cli("check", "--fail-on", "info").code == 0


def test_a_real_app_that_changed_is_told_from_one_that_did_not(
    cli: Cli, app_server: ServerPool
) -> None:
    old = app_server("changing_app.py", servers.GRADIO_6, env={"VERSION": "1"})
    new = app_server("changing_app.py", servers.GRADIO_6, env={"VERSION": "2"})
    assert cli("add", old.url, "--name", "changing").code == 0
    unchanged = cli("check", "--fail-on", "info")
    assert unchanged.code == 0, unchanged.out
    done = cli("check", "changing", "--source", new.url, "--format", "json")
    assert done.code == 1
    (report,) = json.loads(done.out)["reports"]
    rules = {(finding["rule"], finding["endpoint"]) for finding in report["findings"]}
    assert rules == {
        ("maximum-narrowed", "/paint"),
        ("parameter-added-optional", "/paint"),
        ("component-changed", "/count"),
        ("minimum-narrowed", "/count"),
        ("parameter-became-optional", "/count"),
        ("maximum-narrowed", "/count"),
        ("streaming-stopped", "/stream"),
        ("endpoint-removed", "/shout"),
    }
