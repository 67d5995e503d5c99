"""`spacecall record` and `spacecall cassettes`, on a real app."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from spacecall import SyncSpace
from spacecall.cassettes import use_cassette
from spacecall.cassettes._engine.recording_lock import recording_lock
from tests import servers
from tests.cli.conftest import Cli
from tests.servers import AppServer

NOWHERE = "http://127.0.0.1:9"
TESTS = """
import pytest
from spacecall import SyncSpace

@pytest.mark.spacecall("mine")
def test_it():
    with SyncSpace("http://127.0.0.1:9") as space:
        assert space.call("/echo", text="hi").result() == "hi"
"""


@pytest.fixture(scope="session")
def app(protocol_app_6: AppServer) -> str:
    return protocol_app_6.url


@pytest.fixture
def recorded(cli: Cli, app: str) -> Path:
    """A cassette with one call, in the `cassettes` folder of the working folder."""
    done = cli("record", app, "/echo", "--text", "hi", "-o", "cassettes/mine.json")
    assert (done.code, done.out) == (0, "hi\n")
    return Path("cassettes/mine.json")


def test_a_recorded_call_is_replayed_without_the_app(recorded: Path) -> None:
    with use_cassette(recorded), SyncSpace(NOWHERE) as space:
        assert space.call("/echo", text="hi").result() == "hi"


def test_a_second_call_is_added_and_the_same_one_replaced(
    cli: Cli, app: str, recorded: Path
) -> None:
    for text in ("hi", "ho"):
        cli("record", app, "/echo", "--text", text, "-o", recorded)
    with use_cassette(recorded), SyncSpace(NOWHERE) as space:
        assert [space.call("/echo", text=text).result() for text in ("hi", "ho")] == ["hi", "ho"]


def test_an_error_of_the_app_is_recorded_and_lines(cli: Cli, app: str) -> None:
    done = cli("record", app, "/fail2", "--text", "oh", "-o", "fail.json")
    assert (done.code, done.err) == (1, "spacecall: the app failed: Title2: boom2\n")
    assert cli("cassettes", "validate", "fail.json").code == 0


def test_nothing_is_written_where_the_app_is_not_reached(cli: Cli) -> None:
    assert cli("record", NOWHERE, "/echo", "-o", "none.json").code == 3
    assert not Path("none.json").exists()


def test_a_secret_is_refused_with_its_place_and_nothing_is_written(cli: Cli, app: str) -> None:
    secret = "hf_" + "a" * 34
    done = cli("record", app, "/echo", "--text", secret, "-o", "secret.json", "--mode", "rewrite")
    assert done.code == 1
    assert "a Hugging Face token in POST /gradio_api/queue/join" in done.err
    assert secret not in done.err
    assert not Path("secret.json").exists()


def test_the_help_of_an_endpoint_and_wrong_modes(cli: Cli, app: str) -> None:
    done = cli("record", app, "/echo", "--help", "-o", "x.json")
    assert "--text" in done.out
    assert not Path("x.json").exists()
    assert cli("record", app, "/echo", "-o", "x.json", "--mode", "none").code == 2


def test_show_draws_the_timeline(cli: Cli, recorded: Path) -> None:
    done = cli("cassettes", "show", recorded)
    assert done.code == 0
    name, session, *_, took, unit = next(
        line for line in done.out.splitlines() if line.startswith("/echo")
    ).split()
    assert (name, session, unit) == ("/echo", "#1", "s")
    assert float(took) > 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "queued" in done.out.splitlines()[-1]


def test_show_writes_a_page(cli: Cli, recorded: Path) -> None:
    done = cli("cassettes", "show", recorded, "--html", "page.html")
    assert (done.code, done.out) == (0, "")
    assert "/echo" in Path("page.html").read_text()
    assert cli("cassettes", "show", recorded, recorded, "--html", "page.html").code == 2


def test_validate_names_invalid_messages(cli: Cli, recorded: Path) -> None:
    done = cli("cassettes", "validate", recorded)
    assert (done.code, done.out) == (
        0,
        "cassettes/mine.json: all 4 interactions are valid (its own schemas)\n",
    )
    recorded.write_text(recorded.read_text().replace("process_starts", "process_begins"))
    done = cli("cassettes", "validate", recorded)
    assert done.code == 1
    assert "unknown kind of message: 'process_begins'" in done.out


def test_a_file_that_is_not_a_cassette_is_a_usage_error(cli: Cli) -> None:
    Path("odd.json").write_text("{}")
    for command in ("show", "validate"):
        done = cli("cassettes", command, "odd.json")
        assert done.code == 2
        assert "is not a cassette" in done.err
        assert cli("cassettes", command, "missing.json").code == 2


def test_check_lists_unused_and_damaged_cassettes(cli: Cli, recorded: Path) -> None:
    Path("test_mine.py").write_text(TESTS)
    assert cli("cassettes", "check").out.startswith("1 cassettes, all used\n")
    Path("cassettes/other.json").write_text(recorded.read_text())
    Path("cassettes/gone.bodies").mkdir()
    body = next(Path("cassettes/_apps").iterdir())
    body.rename(body.with_name("0" * 64))
    done = cli("cassettes", "check")
    assert done.code == 1
    lines = done.out.splitlines()
    assert "cassettes/other.json: no test uses it" in lines
    assert "cassettes/gone.bodies: no cassette needs it: delete it with --prune" in lines
    assert f"cassettes/_apps/{'0' * 64}: no cassette needs it: delete it with --prune" in lines
    assert any(line.startswith("cassettes/mine.json: the body ") for line in lines)
    recorded.unlink()
    assert "cassettes/mine.json: not recorded yet" in cli("cassettes", "check").out


def test_check_deletes_what_no_cassette_needs(cli: Cli, recorded: Path) -> None:
    Path("test_mine.py").write_text(TESTS)
    kept = sorted(path for path in Path("cassettes").rglob("*") if path.is_file())
    gone = Path("cassettes/gone.bodies")
    gone.mkdir()
    for name in (".gitattributes", f"{'1' * 64}.png"):
        (gone / name).touch()
    Path(f"cassettes/_apps/{'0' * 64}").touch()
    Path("cassettes/_apps/notes.txt").touch()  # not written by spacecall
    Path("cassettes/.mine.json.lock").touch()
    with recording_lock(Path("cassettes/other.json")):
        done = cli("cassettes", "check", "--prune")
        assert Path("cassettes/.other.json.lock").exists()
    lines = done.out.splitlines()
    assert (done.code, len(lines)) == (1, 5)
    assert lines[0].startswith("cassettes/_apps/notes.txt: no cassette needs it")
    assert {line for line in lines if line.endswith(": deleted")} == {
        "cassettes/gone.bodies: deleted",
        f"cassettes/_apps/{'0' * 64}: deleted",
        "cassettes/.mine.json.lock: deleted",
    }
    Path("cassettes/_apps/notes.txt").unlink()
    assert sorted(path for path in Path("cassettes").rglob("*") if path.is_file()) == kept
    assert cli("cassettes", "check", "--prune").code == 0


def test_check_deletes_nothing_beside_a_damaged_cassette(cli: Cli, recorded: Path) -> None:
    Path("test_mine.py").write_text(TESTS)
    recorded.write_text("{")
    unused = Path(f"cassettes/_apps/{'0' * 64}")
    unused.touch()
    assert cli("cassettes", "check", "--prune").code == 1
    assert unused.exists()


def test_check_says_when_tests_cannot_be_collected(cli: Cli) -> None:
    Path("test_broken.py").write_text("import nothing_of_this_name\n")
    done = cli("cassettes", "check")
    assert done.code == 2
    assert "pytest cannot collect the tests" in done.err


@pytest.fixture
def client(cli: Cli, app: str) -> Path:
    """A client of the app in the project of the working folder: its schema folder."""
    Path("pyproject.toml").write_text('[project]\nname = "mine"\n')
    assert cli("add", app, "--name", "proto").code == 0
    (folder,) = Path("schemas/spaces").iterdir()
    return folder


def test_the_project_s_schemas_are_those_that_count(cli: Cli, client: Path, recorded: Path) -> None:
    done = cli("cassettes", "validate", recorded)
    assert done.out == "cassettes/mine.json: all 4 interactions are valid (the schemas of proto)\n"
    done = cli("cassettes", "validate", recorded, "--schema", client)
    assert done.out == f"cassettes/mine.json: all 4 interactions are valid ({client})\n"


def write_port(lock: Path, port: int, title: str = "") -> None:
    """Change the port of the source of a schema folder, and maybe the title of its app."""
    text = re.sub(r"(?<=127\.0\.0\.1:)\d+", str(port), lock.read_text())
    if title:
        text = re.sub(r'"title": ".*?"', f'"title": "{title}"', text)
    lock.write_text(text)


def test_the_port_of_an_app_on_this_machine_says_nothing(
    cli: Cli, client: Path, recorded: Path
) -> None:
    Path("test_mine.py").write_text(TESTS)
    lock = client / "space.lock.json"
    write_port(lock, 1)
    compared = "1 of 1 cassettes compared with the project's clients\n"
    assert cli("cassettes", "check").out == f"1 cassettes, all used\n{compared}"
    assert "(the schemas of proto)" in cli("cassettes", "validate", recorded).out


def test_a_cassette_without_a_client_is_said_to_be_compared_with_nothing(
    cli: Cli, client: Path, recorded: Path, app: str
) -> None:
    Path("test_mine.py").write_text(TESTS)
    write_port(client / "space.lock.json", 1, title="Another app")
    nothing = f"compared with nothing: cassettes/mine.json (no client of {app})\n"
    assert cli("cassettes", "check").out.endswith(
        f"0 of 1 cassettes compared with the project's clients\n{nothing}"
    )
    done = cli("cassettes", "validate", recorded)
    assert f"(its own schemas: the project has no client of {app})" in done.out


def test_a_project_without_clients_compares_with_nothing(cli: Cli, recorded: Path) -> None:
    Path("test_mine.py").write_text(TESTS)
    done = cli("cassettes", "check")
    assert done.out.endswith("no cassette compared with a client: the project has no clients\n")


def test_the_apps_are_named_in_the_cassette(recorded: Path) -> None:
    (app,) = json.loads(recorded.read_text())["metadata"]["apps"]
    assert app["gradio"] == servers.GRADIO_6
    assert len(app["schema"]) == 64


def test_check_counts_deselected_tests(cli: Cli, recorded: Path) -> None:
    Path("test_mine.py").write_text(TESTS + "\n\ndef test_other():\n    pass\n")
    Path("pytest.ini").write_text("[pytest]\naddopts = -k test_other\n")
    assert cli("cassettes", "check").out.startswith("1 cassettes, all used\n")
    Path("pytest.ini").write_text("[pytest]\naddopts = -k no_test\n")
    assert cli("cassettes", "check").out.startswith("1 cassettes, all used\n")


@pytest.mark.parametrize("tests", ["", "def test_it():\n    pass\n"], ids=["none", "other tests"])
def test_check_fails_in_a_folder_without_cassettes(cli: Cli, tests: str) -> None:
    Path("empty").mkdir()
    if tests:
        Path("empty/test_it.py").write_text(tests)
    for arguments in ((), ("empty",)):
        done = cli("cassettes", "check", *arguments)
        assert (done.code, done.out) == (2, "")
        assert "uses a cassette: run the command in the folder of the project" in done.err
