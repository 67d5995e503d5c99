"""A user, a password and headers go to the app that the caller named, and to no other."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs

import pytest

from tests.cli import conftest as commands
from tests.hostile.server import PREFIX, HostileServer, Request, app_config, http

isolated_environment = commands.isolated_environment
cli = commands.cli
Cli: TypeAlias = commands.Cli

SECRET = "for-mine-only"
HEADER = ("-H", f"X-Key: {SECRET}")


class LockedApp(HostileServer):
    """An app with a login that lets anybody in who says a password."""

    def __init__(self) -> None:
        self.passwords: list[str] = []
        self._open = False
        super().__init__(routes={"/login": self._login})

    def lock(self) -> None:
        """From now on it wants to know who asks."""
        self.routes["/config"] = self._config

    def keys(self) -> list[str]:
        """The header of each request that had it."""
        return [request.headers["x-key"] for request in self.requests if "x-key" in request.headers]

    def secrets(self) -> list[str]:
        """Requests with a password, the header or a token anywhere."""
        return [
            request.path
            for request in self.requests
            if SECRET in f"{request.target} {dict(request.headers)} {request.body!r}"
        ]

    def _login(self, request: Request, _: socket.socket) -> bytes:
        self.passwords += parse_qs(request.body.decode()).get("password", [])
        return http({"success": True}, headers=["set-cookie: access-token=yes"])

    def _config(self, request: Request, _: socket.socket) -> bytes:
        if "access-token=yes" in request.headers.get("cookie", ""):
            return http(self.config)
        return http({"detail": "Not authenticated"}, "401 Unauthorized")


@pytest.fixture
def mine() -> Iterator[LockedApp]:
    with LockedApp() as app:
        yield app


@pytest.fixture
def theirs() -> Iterator[LockedApp]:
    with LockedApp() as app:
        yield app


@pytest.fixture
def project(cli: Cli, mine: LockedApp, theirs: LockedApp) -> None:
    """Two clients, whose apps have a login since then."""
    for name, app in (("mine", mine), ("theirs", theirs)):
        assert cli("add", app.url, "--name", name).code == 0
        app.lock()
        app.requests.clear()


def sign_in(monkeypatch: pytest.MonkeyPatch, recipient: str = "") -> None:
    monkeypatch.setenv("SPACECALL_USERNAME", "me")
    monkeypatch.setenv("SPACECALL_PASSWORD", SECRET)
    if recipient:
        monkeypatch.setenv("SPACECALL_FOR", recipient)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["check", "refresh"])
def test_a_password_that_several_apps_would_get_goes_to_none(
    command: str,
    cli: Cli,
    mine: LockedApp,
    theirs: LockedApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(monkeypatch)
    done = cli(command)
    assert done.code == 2
    assert "SPACECALL_USERNAME: sent to one app only, but this command contacts 2 apps" in done.err
    assert f"mine: --for {mine.url}" in done.err
    assert f"theirs: --for {theirs.url}" in done.err
    assert SECRET not in done.err
    assert mine.requests == theirs.requests == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["check", "refresh"])
@pytest.mark.parametrize("options", [HEADER, ("--user", "me")])
def test_an_address_of_a_file_gets_nothing_that_was_not_for_it(
    command: str,
    options: tuple[str, ...],
    cli: Cli,
    theirs: LockedApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPACECALL_PASSWORD", SECRET)
    done = cli(command, "theirs", *options)
    assert done.code == 2
    assert f"add --for {theirs.url}" in done.err
    assert theirs.requests == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["check", "refresh"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}", "http://127.0.0.1:{}/x?y"])
def test_the_app_that_was_named_gets_them_and_no_other(
    command: str,
    form: str,
    cli: Cli,
    mine: LockedApp,
    theirs: LockedApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(monkeypatch)
    done = cli(command, *HEADER, "--for", form.format(mine.port))
    assert mine.passwords == [SECRET]
    assert mine.keys()
    assert theirs.secrets() == []
    assert theirs.requests
    assert "Not authenticated" in done.out + done.err


@pytest.mark.usefixtures("project")
def test_the_environment_can_name_it(
    cli: Cli, mine: LockedApp, theirs: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, mine.url)
    assert "the app requires a login now" in cli("check", "mine").out
    assert cli("check", "theirs").code == 3
    assert (mine.passwords, theirs.secrets()) == ([SECRET], [])


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["check", "refresh"])
def test_a_source_that_the_caller_writes_gets_them(
    command: str, cli: Cli, mine: LockedApp, theirs: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch)
    assert "spacecall: " not in cli(command, "theirs", "--source", mine.url).err
    assert (mine.passwords, theirs.requests) == ([SECRET], [])


@pytest.mark.usefixtures("project")
def test_a_lock_of_somebody_else_names_nobody(
    cli: Cli, mine: LockedApp, theirs: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloned repository whose lock was changed, and which says that it is Hugging Face's."""
    shutil.rmtree("schemas/spaces/theirs")
    lock = Path("schemas/spaces/mine/space.lock.json")
    value = json.loads(lock.read_text(encoding="utf-8"))
    value["source"] = theirs.url
    lock.write_text(json.dumps(value), encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN", f"hf_{SECRET}")
    assert cli("check").code == 3
    sign_in(monkeypatch)
    assert cli("check").code == 2
    for recipient in (mine.url, f"localhost:{theirs.port}", "mine", f"127.0.0.1:{mine.port}"):
        done = cli("check", "--for", recipient)
        assert done.code == 2
        assert f"it contacts {theirs.url}" in done.err or "--for must be" in done.err
    assert theirs.secrets() == []
    for source in (
        f"http://huggingface.co@127.0.0.1:{theirs.port}",
        f"http://127.0.0.1:{theirs.port}/huggingface.co",
        f"http://127.0.0.1:{theirs.port}#.hf.space",
        f"http://127.0.0.1:{theirs.port}\\@huggingface.co",
    ):
        value["source"] = source
        lock.write_text(json.dumps(value), encoding="utf-8")
        cli("check", "--for", "huggingface.co")
        cli("check", "--for", "https://x.hf.space")
        cli("check")
    assert theirs.secrets() == []


def test_an_address_of_pyproject_is_an_address_of_a_file(
    cli: Cli, theirs: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pyproject.toml").write_text(
        f'[tool.spacecall.spaces.painter]\nsource = "{theirs.url}"\n', encoding="utf-8"
    )
    sign_in(monkeypatch)
    assert cli("refresh").code == 2
    assert theirs.requests == []
    assert cli("refresh", "--for", theirs.url).code == 0


CALL = ("/predict", "--x", "hi")


@pytest.mark.parametrize(
    "command",
    [("inspect", "URL"), ("call", "URL", *CALL), ("record", "URL", *CALL, "-o", "x.json")],
)
def test_the_app_of_the_command_line_gets_them(
    command: tuple[str, ...], cli: Cli, mine: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch)
    mine.lock()
    done = cli(*(part.replace("URL", mine.url) for part in command), "-H", "X-Key: k")
    assert done.code == 0, done.err
    assert mine.passwords == [SECRET]
    assert set(mine.keys()) == {"k"}


@pytest.mark.parametrize("command", [("inspect", "URL"), ("call", "URL", *CALL), ("add", "URL")])
def test_a_password_of_another_app_stays_here(
    command: tuple[str, ...],
    cli: Cli,
    mine: LockedApp,
    theirs: LockedApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(monkeypatch, mine.url)
    theirs.lock()
    arguments = [part.replace("URL", theirs.url) for part in command]
    assert cli(*arguments).code == 4
    assert theirs.secrets() == []
    if command[0] != "add":
        done = cli(*arguments, *HEADER)
        assert done.code == 2
        assert (
            f"the credentials are for {mine.url}, but this command does not contact it" in done.err
        )
    assert theirs.secrets() == []


def test_a_saved_app_sends_them_nowhere(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files say which Space they are of: somebody else may have written them."""
    saved = Path("saved")
    saved.mkdir()
    (saved / "config.json").write_text(json.dumps(app_config(space_id="evil/space")))
    (saved / "info.json").write_text(json.dumps({"named_endpoints": {}}))
    sign_in(monkeypatch)
    with HostileServer() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        done = cli("call", "saved", "/predict", "--x", "hi")
        assert done.code == 2
        assert "add --for evil/space" in done.err
        assert hub.requests == []
        assert cli("inspect", "saved").code == 0
        assert hub.requests == []


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 X"])
@pytest.mark.parametrize("path", ["/config", f"{PREFIX}/info", f"{PREFIX}/queue/join", "/login"])
def test_a_redirect_carries_nothing(
    status: str,
    path: str,
    cli: Cli,
    mine: LockedApp,
    theirs: LockedApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(monkeypatch)
    monkeypatch.setenv("HF_TOKEN", f"hf_{SECRET}")
    mine.lock()
    location = f"location: {theirs.url}{path}"
    mine.routes[path] = lambda _request, _socket: http(b"", status, headers=[location])
    for address in (mine.url, mine.url.replace("127.0.0.1", "localhost")):
        assert cli("call", address, *CALL, *HEADER).code not in (0, 2)
    assert theirs.secrets() == []


def test_a_chat_model_s_app_is_named_too(
    cli: Cli, mine: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = cli("chat", "my/model", "hi", "--url", mine.url, *HEADER, "--for", "https://a.example")
    assert done.code == 2
    assert cli("chat", "my/model", "hi", *HEADER, "--for", "phi-4.example").code == 2
    assert mine.requests == []
    monkeypatch.setenv("SPACECALL_FOR", "a.example")
    monkeypatch.setenv("SPACECALL_USERNAME", SECRET)
    cli("chat", "my/model", "hi", "--url", mine.url)
    assert mine.requests
    assert mine.secrets() == []


def test_a_name_that_looks_like_another_is_told_apart(
    cli: Cli, mine: LockedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("add", mine.url, "--name", "mine").code == 0
    lock = Path("schemas/spaces/mine/space.lock.json")
    value = json.loads(lock.read_text(encoding="utf-8"))
    value["source"] = "https://p\u0430ypal.example"
    lock.write_text(json.dumps(value), encoding="utf-8")
    sign_in(monkeypatch)
    assert "--for https://xn--pypal-4ve.example" in cli("check").err
    assert cli("check", "--for", "https://paypal.example").code == 2
