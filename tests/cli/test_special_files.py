"""A pipe that an option names is refused, and never waited for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import DEADLINE, command, environment
from tests.servers import AppServer

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")

REFUSED = "is a pipe, a socket or a device, not a regular file"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: one that waits for the pipe ends with the deadline."""
    return subprocess.run(
        command(*arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


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
    done = run("call", protocol_app.url, "/echo", option, value.replace("PIPE", str(pipe)))
    assert done.returncode == 2
    assert f"{option}: {str(pipe)!r} {REFUSED}" in done.stderr


@pytest.mark.parametrize(("option", "value"), [("--text", "@PIPE"), ("--json", "@PIPE")])
def test_the_advice_is_stdin_where_the_option_reads_it(
    option: str, value: str, protocol_app: AppServer, pipe: Path
) -> None:
    done = run("call", protocol_app.url, "/echo", option, value.replace("PIPE", str(pipe)))
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
    done = run("chat", "phi-4", "--url", phi4_app.url, *arguments)
    assert done.returncode == 2
    assert f"{words[0]}: {str(pipe)!r} {REFUSED}" in done.stderr


def test_a_field_of_a_request_refuses_a_pipe(pipe: Path) -> None:
    address = "http://127.0.0.1:9/v1"
    done = run("chat", "any", "hi", "--url", address, "--set", f"a=@{pipe}")
    assert done.returncode == 2
    assert f"--set a: {str(pipe)!r} {REFUSED}" in done.stderr
