"""Pipes that an option names are refused and never waited for; files of others stay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from spacecall._regular_files import check_output, check_output_folder
from spacecall.errors import InvalidInputError
from tests.cli.processes import run_command
from tests.servers import AppServer

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")

NOWHERE = "http://127.0.0.1:9"
REFUSED = "is a pipe, a socket or a device, not a regular file"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--text", "@PIPE"),
        ("--json", "@PIPE"),
        ("--event-data", "@PIPE"),
        ("--ca-file", "PIPE"),
        ("--cert", "PIPE"),
    ],
)
def test_a_call_refuses_a_pipe_and_names_the_option(
    option: str, value: str, protocol_app: AppServer, pipe: Path
) -> None:
    done = run_command("call", protocol_app.url, "/echo", option, value.replace("PIPE", str(pipe)))
    assert done.returncode == 2
    assert f"{option}: {str(pipe)!r} {REFUSED}" in done.stderr


@pytest.mark.parametrize(("option", "value"), [("--text", "@PIPE"), ("--json", "@PIPE")])
def test_the_advice_is_stdin_where_the_option_reads_it(
    option: str, value: str, protocol_app: AppServer, pipe: Path
) -> None:
    done = run_command("call", protocol_app.url, "/echo", option, value.replace("PIPE", str(pipe)))
    assert done.stderr.endswith(". Write - for stdin\n")


@pytest.mark.parametrize(
    "words",
    [
        ("PROMPT", "@PIPE"),
        ("--resume", "hi", "--resume", "PIPE"),
        ("--system", "hi", "--system", "@PIPE"),
        ("--image", "hi", "--image", "@PIPE"),
    ],
    ids=lambda words: words[0],
)
def test_a_chat_refuses_a_pipe_and_names_the_option(
    words: tuple[str, ...], phi4_app: AppServer, pipe: Path
) -> None:
    arguments = [word.replace("PIPE", str(pipe)) for word in words[1:]]
    done = run_command("chat", "phi-4", "--url", phi4_app.url, *arguments)
    assert done.returncode == 2
    assert f"{words[0]}: {str(pipe)!r} {REFUSED}" in done.stderr


def test_a_field_of_a_request_refuses_a_pipe(pipe: Path) -> None:
    address = "http://127.0.0.1:9/v1"
    done = run_command("chat", "any", "hi", "--url", address, "--set", f"a=@{pipe}")
    assert done.returncode == 2
    assert f"--set a: {str(pipe)!r} {REFUSED}" in done.stderr


def test_a_recording_follows_a_link_which_stays_a_link(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_bytes(b"")
    link.symlink_to(target)
    done = run_command("record", protocol_app.url, "/echo", "--text", "a", "--output", link)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert json.loads(target.read_bytes())["interactions"]


def test_a_saved_conversation_follows_a_link_which_stays_a_link(
    phi4_app: AppServer, tmp_path: Path
) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.touch()
    link.symlink_to(target)
    done = run_command("chat", "phi-4", "hi", "--url", phi4_app.url, "--save", link)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert json.loads(target.read_bytes())["messages"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("chat", "any", "hi", "--url", f"{NOWHERE}/v1", "--save", "notes.json"),
        ("cassettes", "show", "tape.json", "--html", "notes.json"),
        ("cassettes", "show", "tape.json", "--html", "tape.json"),
    ],
)
def test_a_file_of_another_kind_is_not_replaced(arguments: tuple[str, ...], tmp_path: Path) -> None:
    paths = [tmp_path / "notes.json", tmp_path / "tape.json"]
    for path in paths:
        path.write_text("{}")
    done = run_command(*arguments, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"{arguments[-2]}: {arguments[-1]!r} exists and is no" in done.stderr
    assert [path.read_text() for path in paths] == ["{}", "{}"]


def test_a_folder_that_is_not_writable_is_named_before_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, who may run the tests, can write anywhere: so the system is asked in its place."""

    def refuse(_path: Path, _mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)
    message = "is a folder in which you may not create files"
    for path in (tmp_path / "new.json", tmp_path / "new" / "new.json"):
        with pytest.raises(InvalidInputError, match=f"--save: '{tmp_path}' {message}"):
            check_output("--save", path)
    with pytest.raises(InvalidInputError, match=f"--out: '{tmp_path}' {message}"):
        check_output_folder("--out", tmp_path)


def test_the_folder_of_a_saved_conversation_is_created(phi4_app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "new" / "chat.json"
    done = run_command("chat", "phi-4", "hi", "--url", phi4_app.url, "--save", path)
    assert (done.returncode, path.is_file()) == (0, True), done.stderr


@pytest.mark.parametrize("kind", ["missing", "broken", "loop"])
def test_a_conversation_that_cannot_be_read_is_named_with_its_option(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "chat.json"
    if kind != "missing":
        path.symlink_to(path if kind == "loop" else tmp_path / "missing")
    done = run_command("chat", "any", "hi", "--url", "http://127.0.0.1:9/v1", "--resume", path)
    problem = f"--resume: cannot read {str(path)!r}: "
    assert (done.returncode, problem in done.stderr) == (2, True)
