"""No text of an app, of the Hub or of a file reaches a terminal or a CI log raw."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import pytest

from spacecall import NewerProtocolWarning, SchemaDriftWarning
from spacecall.errors import AppError
from tests.cli import conftest as commands
from tests.cli.processes import DEADLINE, environment, terminal
from tests.hostile.server import (
    PREFIX,
    SSE_HEAD,
    HostileServer,
    Request,
    app_config,
    app_info,
    event,
    http,
)

isolated_environment = commands.isolated_environment
cli = commands.cli
Cli: TypeAlias = commands.Cli
Attack: TypeAlias = Callable[[HostileServer], None]

ATTACK = (
    "\x1b]52;c;cm0gLXJmIH4=\x1b\\\x1b[31mRED\x9b32m\b\x7f\0\rover\r\n"
    "::error file=x::injected\n  ::set-output name=x::y\n##[error]injected\n##vso[task.x]y\n"
    "##teamcity[x]\u2028::error::x\u202edlo\u2066\u200b\u2069\ufeff\u061c\U000e0041\ud800 "
    "[bold]bold[/bold] [link=http://x]link[/link] :boom: %0A::error::x\v\f\x85::error::x"
)
MARKUP = ("[bold]", "[link=http://x]", ":boom:")


def raw_characters(text: str) -> set[str]:
    """Characters that a terminal obeys, or that have no look of their own."""
    return {
        char
        for char in set(text) - {"\n", "\t"}
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }


def ci_commands(text: str) -> list[str]:
    """Lines that a CI server would obey."""
    marks = ("##[", "##vso[", "##teamcity[")
    return [
        line
        for line in text.split("\n")
        if line.lstrip().startswith("::") or any(mark in line for mark in marks)
    ]


def assert_safe(text: str) -> None:
    assert raw_characters(text) == set()
    assert ci_commands(text) == []


def describe(server: HostileServer) -> None:
    """Put the attack into everything that an app says of itself."""
    parameter = {
        "label": ATTACK,
        "parameter_name": ATTACK,
        "component": ATTACK,
        "type": {"type": "string", "enum": [ATTACK], "description": ATTACK},
        "parameter_has_default": True,
        "parameter_default": ATTACK,
    }
    output = {"label": ATTACK, "component": ATTACK, "type": {"enum": [ATTACK]}}
    endpoint = {"description": ATTACK, "parameters": [parameter], "returns": [output]}
    names = ("predict", f"p{ATTACK}")
    server.info = {"named_endpoints": {f"/{name}": endpoint for name in names}}
    public = app_config()["dependencies"][0]
    private = {**public, "id": 2, "api_name": f"x{ATTACK}", "api_visibility": "private"}
    server.config = app_config(
        title=ATTACK,
        version=f"6.31.0{ATTACK}",
        space_id=ATTACK,
        dependencies=[public, {**public, "id": 1, "api_name": names[1]}, private],
    )


def answer_badly(
    path: str, status: str, body: str | Mapping[str, Any] = ATTACK, kind: str = "text/plain"
) -> Attack:
    def attack(server: HostileServer) -> None:
        text = body.encode(errors="surrogatepass") if isinstance(body, str) else body
        server.routes[path] = lambda _request, _socket: http(text, status, kind)

    return attack


def stream_of(*messages: dict[str, Any]) -> Attack:
    """Answer each job with these messages."""

    def attack(server: HostileServer) -> None:
        jobs: list[str] = []

        def join(_request: Request, _socket: socket.socket) -> bytes:
            jobs.append(f"event-{len(jobs)}")
            return http({"event_id": jobs[-1]})

        def stream(_request: Request, connection: socket.socket) -> None:
            connection.sendall(SSE_HEAD)
            for job in jobs:
                for message in messages:
                    connection.sendall(event({"event_id": job, **message}))
            jobs.clear()

        server.routes[f"{PREFIX}/queue/join"] = join
        server.routes[f"{PREFIX}/queue/data"] = stream

    return attack


def give(value: Any, description: dict[str, Any] | None = None) -> Attack:
    def attack(server: HostileServer) -> None:
        server.outputs = [value]
        if description is not None:
            server.info = app_info(output_type=description)

    return attack


STARTED = {"msg": "process_starts", "eta": 1}
LOG = {"msg": "log", "log": ATTACK, "level": ATTACK, "title": ATTACK}
UNIT = {"index": 1, "length": 2, "unit": ATTACK, "desc": ATTACK, "progress": None}
FAILED = {
    "msg": "process_completed",
    "success": False,
    "title": ATTACK,
    "output": {"error": ATTACK, "title": ATTACK},
}
PROGRESS = {"msg": "progress", "progress_data": [UNIT]}
EVENTS = stream_of(STARTED, LOG, PROGRESS, FAILED)
# What a cassette can hold.
WRITABLE = ATTACK.replace("\ud800", "")
RECORDED = stream_of(
    {"msg": "log", "log": WRITABLE, "level": WRITABLE, "title": WRITABLE},
    {**FAILED, "title": WRITABLE, "output": {"error": WRITABLE}},
)
CALL = ("call", "URL", "/predict", "--x", "hi")
HUB = {"stage": f"PAUSED{ATTACK}", "errorMessage": ATTACK, "hardware": {"current": ATTACK}}

Case: TypeAlias = tuple[Attack, Sequence[str]]
REMOTE: dict[str, Case] = {
    "inspect": (describe, ["inspect", "URL"]),
    "inspect as JSON": (describe, ["inspect", "URL", "--json", "--all"]),
    "the nearest endpoint": (describe, ["inspect", "URL", "/q"]),
    "an answer of 500": (answer_badly("/config", "500 X"), ["inspect", "URL"]),
    "a page": (answer_badly("/config", "200 OK", kind="text/html\x80"), ["inspect", "URL"]),
    "no JSON": (answer_badly("/config", "200 OK"), ["inspect", "URL"]),
    "the help of an endpoint": (describe, ["call", "URL", "/predict", "--help"]),
    "unknown flags": (describe, ["call", "URL", "/predict", "--q", "1"]),
    "an input that does not fit": (describe, ["call", "URL", "/predict", "--json", '{"a": 1}']),
    "an app's error, its logs and its progress": (EVENTS, CALL),
    "a join of 500": (answer_badly(f"{PREFIX}/queue/join", "500 X"), CALL),
    "a join of 422": (
        answer_badly(f"{PREFIX}/queue/join", "422 X", {"detail": ATTACK}, "application/json"),
        CALL,
    ),
    "a result in JSON": (give({"a": ATTACK}, {}), CALL),
    "results by line": (EVENTS, ["call", "URL", "/predict", "--jsonl"]),
    "add": (describe, ["add", "URL", "--name", "evil"]),
    "wait": (
        answer_badly("/api/spaces/a/b", "200 OK", {"runtime": HUB}, "application/json"),
        ["wait", "a/b", "--timeout", "1"],
    ),
    "an error of the Hub": (answer_badly("/api/spaces/a/b", "500 X"), ["wait", "a/b"]),
    "doctor": (answer_badly("/api/whoami-v2", "500 X"), ["doctor"]),
    "doctor as JSON": (answer_badly("/api/whoami-v2", "500 X"), ["doctor", "--json"]),
    "chat": (
        answer_badly("/v1/chat/completions", "400 X", {"error": ATTACK}, "application/json"),
        ["chat", "my/model", "hi", "--url", "URL"],
    ),
    "record": (RECORDED, ["record", *CALL[1:], "-o", "hi.json"]),
}


@pytest.mark.parametrize("case", REMOTE.values(), ids=REMOTE.keys())
def test_nothing_raw_reaches_a_pipe(case: Case, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    attack, arguments = case
    with HostileServer() as server:
        attack(server)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        done = cli(*(part.replace("URL", server.url) for part in arguments), stdin='{"x": "hi"}\n')
    assert done.out + done.err
    assert_safe(done.out)
    assert_safe(done.err)
    assert "Traceback" not in done.err


ON_TERMINALS = (
    *("inspect", "the help of an endpoint", "an app's error, its logs and its progress"),
    *("a result in JSON", "an error of the Hub", "doctor", "chat"),
)


@pytest.mark.parametrize("name", ON_TERMINALS)
def test_nothing_raw_reaches_a_terminal(name: str, tmp_path: Path) -> None:
    """A dumb one, so that no control character is the command's own."""
    attack, arguments = REMOTE[name]
    with HostileServer() as server:
        attack(server)
        variables = {"TERM": "dumb", "HF_ENDPOINT": server.url}
        command = [part.replace("URL", server.url) for part in arguments]
        with terminal(*command, folder=tmp_path, variables=variables) as screen:
            screen.finish()
    assert screen.raw
    assert_safe(screen.raw.replace("\r\n", "\n"))


def test_colours_and_progress_are_the_command_s_own(tmp_path: Path) -> None:
    with HostileServer() as server:
        EVENTS(server)
        with terminal(*CALL[:1], server.url, *CALL[2:], folder=tmp_path) as screen:
            screen.finish()
    assert "\x1b[" in screen.raw
    assert "\x1b]" not in screen.raw
    assert "\x1b[31mRED" not in screen.raw
    assert r"\x1b[31mRED" in screen.text
    assert not raw_characters(screen.raw) & set("\x9b\b\x7f\0\u202e\u2066\u200b\ufeff\v\f\x85")


def test_markup_of_an_app_stays_text(cli: Cli) -> None:
    with HostileServer() as server:
        describe(server)
        page = cli("inspect", server.url).out
    with HostileServer() as server:
        EVENTS(server)
        failed = cli(*CALL[:1], server.url, *CALL[2:]).err
    for text in MARKUP:
        assert text in page.replace("\n", "")
        assert text in failed


TEXT = {"type": "string"}


@pytest.mark.parametrize("streamed", ["--stream", "--no-stream"])
def test_a_text_on_a_terminal_is_shown_and_raw_prints_it(streamed: str, tmp_path: Path) -> None:
    with HostileServer() as server:
        give(WRITABLE, TEXT)(server)
        command = (*CALL[:1], server.url, *CALL[2:], streamed)
        variables = {"TERM": "dumb"}
        with terminal(*command, folder=tmp_path, variables=variables) as screen:
            screen.finish()
        with terminal(*command, "--raw", folder=tmp_path, variables=variables) as exact:
            exact.finish()
    assert raw_characters(screen.raw.replace("\r\n", "\n")) == set()
    assert r"\x1b[31mRED\x9b32m\x08\x7f\x00\x0dover" in screen.raw
    assert "\x1b[31mRED\x9b32m\b\x7f\0\rover" in exact.raw


@pytest.mark.parametrize("streamed", ["--stream", "--no-stream"])
def test_a_text_in_a_pipe_is_exact(streamed: str, cli: Cli) -> None:
    with HostileServer() as server:
        give(WRITABLE, TEXT)(server)
        done = cli(*CALL[:1], server.url, *CALL[2:], streamed)
    assert done.out == f"{WRITABLE}\n"


@pytest.mark.parametrize("streamed", ["--stream", "--no-stream"])
def test_in_the_log_of_a_ci_server_a_text_is_shown(
    streamed: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = ["\n", ":", ":error", "::x\n #", "#", "[error]y", "\n", "a::b"]
    text = "".join(pieces)
    changes: list[Any] = [pieces[0], *([["append", [], piece]] for piece in pieces[1:])]
    output = [
        {"msg": "process_generating", "success": True, "output": {"data": [change]}}
        for change in changes
    ]
    done = {"msg": "process_completed", "success": True, "output": {"data": [text]}}
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with HostileServer() as server:
        stream_of(STARTED, *output, done)(server)
        command = (*CALL[:1], server.url, *CALL[2:], streamed)
        assert cli(*command).out == "\n\\x3a:error::x\n \\x23#[error]y\na::b\n"
        assert cli(*command, "--raw").out == f"{text}\n"


def test_a_conversation_is_shown_on_a_terminal(tmp_path: Path) -> None:
    def stream(_request: Request, connection: socket.socket) -> None:
        connection.sendall(SSE_HEAD)
        for piece in ("Hi \x1b", "[31mRED", "\r", "\u202e", "👩", "\u200d", "💻", "\u200d\u200d"):
            delta = {"choices": [{"index": 0, "delta": {"content": piece}}]}
            connection.sendall(event({"object": "chat.completion.chunk", **delta}))
        connection.sendall(b"data: [DONE]\n\n")

    with HostileServer(routes={"/v1/chat/completions": stream}) as server:
        command = ("chat", "my/model", "hi", "--url", server.url, "-q")
        variables = {"TERM": "dumb"}
        with terminal(*command, folder=tmp_path, variables=variables) as screen:
            screen.finish()
    expected = "Hi \\x1b[31mRED\\x0d\\u202e👩\u200d💻\u200d\\u200d\r\n"
    assert screen.raw == expected


PROJECT: dict[str, Case] = {
    "check": (describe, ["check", "--source", "URL"]),
    "check as Markdown": (describe, ["check", "--source", "URL", "--format", "markdown"]),
    "check as JSON": (describe, ["check", "--source", "URL", "--format", "json"]),
    "check as JUnit": (describe, ["check", "--source", "URL", "--format", "junit"]),
    "an app that cannot be checked": (answer_badly("/config", "500 X"), ["check"]),
    "an app that JUnit cannot check": (
        answer_badly("/config", "500 X"),
        ["check", "--format", "junit"],
    ),
    "refresh": (describe, ["refresh", "--source", "URL"]),
    "an app that cannot be asked": (answer_badly("/config", "500 X"), ["refresh"]),
}


@pytest.mark.parametrize("case", PROJECT.values(), ids=PROJECT.keys())
def test_nothing_raw_is_said_of_a_project(case: Case, cli: Cli) -> None:
    attack, arguments = case
    with HostileServer() as server:
        assert cli("add", server.url, "--name", "evil").code == 0
        attack(server)
        done = cli(*(part.replace("URL", server.url) for part in arguments))
    assert done.out + done.err
    assert_safe(done.out)
    assert_safe(done.err)
    if "json" in arguments:
        json.loads(done.out)
    if "junit" in arguments:
        ET.fromstring(done.out)


@pytest.mark.parametrize("attack", [describe, answer_badly("/config", "500 X")])
def test_annotations_of_github_are_the_command_s_own(attack: Attack, cli: Cli) -> None:
    with HostileServer() as server:
        assert cli("add", server.url, "--name", "evil").code == 0
        attack(server)
        done = cli("check", "--format", "github")
    lines = done.out.splitlines()
    assert lines
    assert raw_characters(done.out) == set()
    assert_safe(done.err)
    for line in lines:
        command, properties, message = line.removeprefix("::").partition(" ")[0], line, line
        assert command in ("error", "warning", "notice"), line
        assert properties.count("title=evil") == 1
        assert "##[" not in message
    assert not [line for line in lines if "%0A" in line.replace("%250A", "")]


def test_a_cassette_is_shown_safely(cli: Cli) -> None:
    with HostileServer() as server:
        server.config = app_config(version=f"6.31.0{WRITABLE}", space_id=WRITABLE, title=WRITABLE)
        RECORDED(server)
        assert cli("record", server.url, *CALL[2:], "-o", "ok.json").code == 1
    name = f"x{WRITABLE[:60]}".replace("/", "").replace("\0", "")
    path = Path(f"{name}.json")
    Path("ok.json").rename(path)
    for arguments in (["show"], ["show", "--html", f"{name}.html"], ["validate"]):
        done = cli("cassettes", *arguments, path)
        assert done.out + done.err
        assert_safe(done.out)
        assert_safe(done.err)
    path.write_text("{")
    assert_safe(cli("cassettes", "show", path).err)


def test_a_schema_folder_of_a_stranger_is_spoken_of_safely(cli: Cli) -> None:
    with HostileServer() as server:
        assert cli("add", server.url, "--name", "evil").code == 0
    lock = Path("schemas/spaces/evil/space.lock.json")
    value = json.loads(lock.read_text(encoding="utf-8"))
    for key in ("source", "title", "gradio", "protocol"):
        lock.write_text(json.dumps(value | {key: ATTACK}), encoding="utf-8")
        for arguments in (["check"], ["refresh"], ["generate", "--check"]):
            done = cli(*arguments)
            assert_safe(done.out)
            assert_safe(done.err)
    lock.write_text(json.dumps(value), encoding="utf-8")
    module = Path("spaces/evil.py")
    module.write_text(module.read_text(encoding="utf-8") + WRITABLE)
    assert_safe(cli("generate", "--check").out)
    odd = Path(f"schemas/spaces/x{ATTACK[:40]}".replace("\0", ""))
    odd.mkdir()
    (odd / "space.lock.json").write_text("{")
    for arguments in (["check"], ["remove", "evil"], ["check", ATTACK.replace("\0", "")]):
        done = cli(*arguments)
        assert_safe(done.out)
        assert_safe(done.err)


def test_an_unexpected_error_is_shown_safely(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spacecall.cli import _app, main

    def fail(*_: object, **__: object) -> None:
        warnings.warn_explicit(ATTACK, DeprecationWarning, "x.py", 1)
        raise RuntimeError(ATTACK)

    monkeypatch.setattr(_app, "create_command", fail)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # pytest would keep the warning
        monkeypatch.setattr(warnings, "showwarning", _print_warning)
        with pytest.raises(SystemExit) as ended:
            main([])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert "Traceback" in err
    assert "DeprecationWarning" in err
    assert_safe(err)


def _print_warning(
    message: Warning | str, category: type[Warning], filename: str, line: int, *_: object
) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, line))


@pytest.mark.parametrize("kind", [NewerProtocolWarning, SchemaDriftWarning, AppError])
def test_an_error_or_a_warning_with_an_app_s_text_prints_safely(kind: type[Exception]) -> None:
    assert_safe(str(kind(ATTACK)))
    if kind is AppError:
        assert AppError(ATTACK).message == ATTACK


def test_a_newer_protocol_is_warned_of_safely(cli: Cli) -> None:
    with HostileServer() as server:
        server.config = app_config(version=f"7{ATTACK}", protocol=f"sse_v9{ATTACK}")
        with pytest.warns(NewerProtocolWarning) as warned:
            done = cli(*CALL[:1], server.url, *CALL[2:])
    assert done.code == 0
    assert raw_characters(str(warned[0].message)) == set()


def test_pytest_reports_errors_and_warnings_of_apps_safely(tmp_path: Path) -> None:
    test = f"""
import warnings
from spacecall import SchemaDriftWarning
from spacecall.cassettes.errors import CassetteMissError, StaleCassetteWarning
from spacecall.errors import AppError
TEXT = {ATTACK!r}
def test_app():
    warnings.warn(TEXT, SchemaDriftWarning)
    warnings.warn(TEXT, StaleCassetteWarning)
    raise AppError(TEXT)
def test_miss():
    raise CassetteMissError(TEXT, request=TEXT)
"""
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert "2 failed, 2 warnings" in done.stdout
    assert_safe(done.stdout)


@pytest.mark.parametrize(("variable", "coloured"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours_are_still_chosen_by_the_environment(
    variable: str,
    coloured: bool,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "1")
    with HostileServer() as server:
        done = cli("inspect", server.url)
    assert ("\x1b[" in done.out) == coloured
