"""`spacecall add`: names, other apps' clients, and how the app is reached."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.cli.conftest import Cli
from tests.cli.projects import configure, painter, save
from tests.hostile.server import HostileServer, Request


def of_space(space: str, endpoint: str) -> str:
    """A saved app of a Space, as a source."""
    documents = painter(name=endpoint, shout=False)
    config = {**documents.config, "space_id": space}
    return save(replace(documents, config=config), space.replace("/", "-"))


def untitled(endpoint: str) -> AppDocuments:
    documents = painter(name=endpoint, shout=False)
    return replace(documents, config={**documents.config, "title": "Gradio"})


def files() -> dict[Path, bytes]:
    folders = (Path("schemas"), Path("spaces"))
    return {
        path: path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_client_of_another_owner_s_space_is_not_replaced(cli: Cli) -> None:
    assert cli("add", of_space("alice/demo", "paint")).code == 0
    before = files()
    done = cli("add", of_space("bob/demo", "draw"))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "spacecall: the client demo belongs to alice/demo (schemas/spaces/alice--demo): choose "
        "another name with --name. If this is the same app at another address, run spacecall "
        "refresh alice--demo --source SOURCE\n"
    )
    assert files() == before
    assert cli("add", "bob-demo.json", "--name", "bobs").code == 0
    assert cli("list").out.split() == [
        *("bobs", "bob/demo", "spaces/bobs.py"),
        *("demo", "alice/demo", "spaces/demo.py"),
    ]
    assert cli("generate", "--check").code == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [("alice/my-app", "alice/my_app"), ("a/Café", "b/cafe"), ("a/x.y", "a/x-y")],
)
def test_names_that_are_one_file_name_are_one_name(first: str, second: str, cli: Cli) -> None:
    assert cli("add", of_space(first, "paint")).code == 0
    before = files()
    done = cli("add", of_space(second, "draw"))
    assert (done.code, "choose another name with --name" in done.err) == (2, True)
    assert files() == before


def test_another_saved_app_without_a_title_needs_a_name(cli: Cli) -> None:
    assert cli("add", save(untitled("paint"), "first")).code == 0
    done = cli("add", save(untitled("draw"), "second"))
    assert (done.code, "choose another name with --name" in done.err) == (2, True)
    assert cli("add", "first.json").code == 0, "the same app can be added again"
    refreshed = cli("refresh", "app", "--source", "second.json")
    assert refreshed.code == 0, refreshed.err
    assert "def draw(" in Path("spaces/app.py").read_text()


def test_an_explicit_name_and_file_do_not_replace_another_app_s_client(cli: Cli) -> None:
    assert cli("add", of_space("alice/demo", "paint")).code == 0
    before = files()
    other = of_space("bob/other", "draw")
    assert cli("add", other, "--name", "demo").code == 2
    done = cli("add", other, "--into", "spaces/demo.py")
    assert (
        done.code,
        "was generated from the schema folder schemas/spaces/alice--demo" in done.err,
    ) == (2, True)
    assert files() == before


@pytest.mark.parametrize(("into", "module"), [("lib", "lib/demo.py"), ("api.py", "api.py")])
def test_every_command_knows_where_add_has_written_the_module(
    into: str, module: str, cli: Cli
) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    assert cli("add", source, "--into", into).out.splitlines()[1] == module
    assert module in cli("list").out
    assert cli("generate", "--check").code == 0
    before = files()
    assert cli("refresh", "--source", source).code == 0
    assert cli("add", source).out.splitlines()[1] == module
    assert files() == before
    assert cli("remove", "demo").code == 0
    assert not Path(module).exists()


@pytest.mark.parametrize("first", [(), ("--into", "one/demo.py")])
def test_the_module_in_the_older_place_is_deleted(first: tuple[str, ...], cli: Cli) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    older = cli("add", source, *first).out.splitlines()[1]
    done = cli("add", source, "--into", "two/demo.py")
    assert (done.code, done.err) == (0, f"{older} is deleted\n")
    assert not Path(older).exists()
    assert Path("two/demo.py").is_file()
    assert cli("generate", "--check").code == 0
    assert cli("add", source, "--into", "two/demo.py").err == ""
    assert Path("two/demo.py").is_file()


def test_a_changed_module_in_the_older_place_is_kept(cli: Cli) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    assert cli("add", source, "--into", "one.py").code == 0
    changed = Path("one.py").read_text() + "mine = 1\n"
    Path("one.py").write_text(changed)
    done = cli("add", source, "--into", "two.py")
    assert (done.code, "one.py is kept, since it is not as it was generated" in done.err) == (
        0,
        True,
    )
    assert Path("one.py").read_text() == changed


def test_a_file_of_somebody_in_the_older_place_is_kept(cli: Cli) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    assert cli("add", source, "--into", "one.py").code == 0
    Path("one.py").write_text("mine = 1\n")
    assert cli("add", source, "--into", "two.py").err == ""
    assert Path("one.py").read_text() == "mine = 1\n"


@pytest.mark.parametrize(
    ("into", "message"),
    [
        ("schemas/spaces/demo.py", "is in the folder of the schemas"),
        ("schemas/spaces/alice--demo", "is in the folder of the schemas"),
        ("5x-y.py", "5x-y.py cannot be imported"),
        ("lib/class.py", "class.py cannot be imported: class is a keyword of Python"),
        ("four.txt", "name a Python file"),
    ],
)
def test_places_that_are_no_module_are_refused(into: str, message: str, cli: Cli) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    before = files()
    done = cli("add", source, "--into", into)
    assert (done.code, message in done.err) == (2, True)
    assert files() == before


def test_the_configuration_of_a_client_holds_instead_of_into(cli: Cli) -> None:
    configure('[tool.spacecall.spaces.demo]\nsource = "alice/demo"\ncode = "lib"\n')
    done = cli("add", of_space("alice/demo", "paint"), "--into", "api.py")
    assert (done.code, "change it there instead of --into" in done.err) == (2, True)


def test_places_that_other_commands_would_not_find_are_refused(
    cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    configure("")
    source = of_space("alice/demo", "paint")
    outside = tmp_path_factory.mktemp("outside")
    before = files()
    done = cli("add", source, "--schemas", "api")
    assert (done.code, 'schemas = "api" to pyproject.toml' in done.err) == (2, True)
    done = cli("add", source, "--into", outside)
    assert (done.code, "is outside of the project" in done.err) == (2, True)
    done = cli("add", source, "--schemas", outside)
    assert (done.code, "outside with --into too" in done.err) == (2, True)
    assert files() == before
    assert cli("add", source, "--schemas", "schemas/spaces").code == 0
    done = cli("add", source, "--schemas", outside, "--into", outside / "demo.py")
    assert (done.code, (outside / "demo.py").is_file()) == (0, True)


@pytest.mark.parametrize("code", ["../x.py", "/x.py", "x.txt"])
def test_a_lock_cannot_name_a_module_elsewhere(code: str, cli: Cli) -> None:
    configure("")
    assert cli("add", of_space("alice/demo", "paint"), "--into", "api.py").code == 0
    (lock,) = Path("schemas/spaces").glob("*/space.lock.json")
    lock.write_text(lock.read_text().replace('"api.py"', f'"{code}"'))
    done = cli("generate")
    assert (done.code != 0, "code must be a Python file in the project" in done.err) == (True, True)


def test_the_name_of_a_configured_client_is_taken(cli: Cli) -> None:
    configure('[tool.spacecall.spaces.demo]\nsource = "alice/demo"\n')
    done = cli("add", of_space("bob/demo", "draw"))
    assert (done.code, done.out) == (2, "")
    assert "the client demo of pyproject.toml belongs to another app" in done.err
    assert cli("add", of_space("alice/demo", "paint")).code == 0


def test_the_same_space_can_be_added_again_with_other_endpoints(cli: Cli) -> None:
    documents = painter()
    source = save(replace(documents, config={**documents.config, "space_id": "a/painter"}))
    assert cli("add", source, "--endpoints", "paint").code == 0
    assert cli("add", source, "--endpoints", "shout").code == 0
    assert "def shout(" in Path("spaces/painter.py").read_text()


@pytest.fixture
def sharing(cli: Cli) -> None:
    """A project in which two clients have one name, as earlier releases allowed it."""
    assert cli("add", of_space("bob/demo", "draw")).code == 0
    shutil.move("schemas/spaces/bob--demo", "bob--demo")
    shutil.move("spaces/demo.py", "demo.py")
    assert cli("add", of_space("alice/demo", "paint")).code == 0
    shutil.move("bob--demo", "schemas/spaces/bob--demo")
    shutil.move("demo.py", "spaces/demo.py")


@pytest.mark.usefixtures("sharing")
def test_clients_of_one_name_are_listed_checked_and_removed_by_their_folders(cli: Cli) -> None:
    listed = json.loads(cli("list", "--json").out)
    assert [client["name"] for client in listed] == ["alice--demo", "bob--demo"]
    assert [client["source"] for client in listed] == ["alice/demo", "bob/demo"]
    for name, source in (("alice--demo", "alice-demo.json"), ("bob/demo", "bob-demo.json")):
        done = cli("check", name, "--source", source)
        assert (done.code, "no drift" in done.out) == (0, True)
    for command in ("check", "remove", "refresh"):
        done = cli(command, "demo")
        assert done.code == 2
        assert "several clients have the name demo: use alice--demo or bob--demo" in done.err
    before = files()
    done = cli("generate")
    assert (
        done.code,
        "was generated from the schema folder schemas/spaces/bob--demo" in done.err,
    ) == (2, True)
    assert cli("refresh", "alice--demo", "--source", "alice-demo.json").code == 2
    assert files() == before
    removed = cli("remove", "alice--demo")
    assert "spaces/demo.py" not in removed.out
    assert cli("list").out.split() == ["demo", "bob/demo", "spaces/demo.py"]
    assert cli("generate", "--check").code == 0


@pytest.mark.usefixtures("sharing")
def test_a_client_that_shares_its_name_gets_another_when_it_is_added_again(cli: Cli) -> None:
    done = cli("add", "alice-demo.json", "--name", "alices")
    assert (done.code, done.out) == (0, "schemas/spaces/alice--demo\nspaces/alices.py\n")
    assert cli("list").out.split()[::3] == ["alices", "demo"]
    assert cli("generate", "--check").code == 0


def test_it_sends_headers_to_the_app_as_other_commands_do(cli: Cli) -> None:
    documents = painter()
    with HostileServer(config=dict(documents.config), info=dict(documents.info)) as server:
        done = cli("add", server.url, "-H", "X-Key: 7", "--timeout", "20")
        assert done.code == 0, done.err
        assert {request.headers.get("x-key") for request in server.requests} == {"7"}
        assert cli("add", server.url, "--timeout", "0").code == 2
        assert cli("add", server.url, "-H", "X-Key: 7", "--for", "elsewhere.example").code == 2
    assert "def paint(" in Path("spaces/painter.py").read_text()


def test_it_waits_no_longer_than_it_is_told(cli: Cli) -> None:
    released = threading.Event()

    def silent(_request: Request, _connection: socket.socket) -> None:
        released.wait(30)

    with HostileServer(routes={"/config": silent}) as server:
        assert cli("add", server.url, "--timeout", "0.3").code == 5
        released.set()


def test_a_project_without_clients_says_so(cli: Cli) -> None:
    done = cli("list")
    assert (done.code, done.out) == (0, "")
    assert done.err == "the project has no clients: spacecall add SOURCE makes one\n"
    assert cli("list", "--json").out == "[]\n"
