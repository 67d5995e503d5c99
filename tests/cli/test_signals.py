from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import anyio
import pytest
import typer

from spacecall.cli._support.async_runner import run_async
from tests.cli.processes import command, environment, start_command, terminal, wait_until
from tests.client.tools import unique
from tests.servers import AppServer

WAIT = 15.0


def lines(server: AppServer) -> list[str]:
    return server.log().splitlines()


def unread(pipe: IO[bytes]) -> int:
    """How many bytes of a pipe wait to be read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT)
        yield server


@pytest.mark.parametrize(
    "arguments", ["inspect URL", "call URL /x", "add URL", "chat phi-4 hello --url URL"]
)
def test_sigterm_ends_a_command_in_the_background_of_a_script(
    arguments: str, silent_server: socket.socket, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{silent_server.getsockname()[1]}"
    spacecall = command(*arguments.replace("URL", url).split())
    # A shell ignores SIGINT in a command that a script starts with &.
    with subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *spacecall],
        env=environment(),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        connection, _ = silent_server.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT) == 143
        assert process.stderr is not None
        assert process.stderr.read() == b"spacecall: terminated\n"


def test_a_command_under_nohup_goes_on_after_sighup(silent_server: socket.socket) -> None:
    url = f"http://127.0.0.1:{silent_server.getsockname()[1]}"
    with subprocess.Popen(
        ["nohup", *command("inspect", url)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        connection, _ = silent_server.accept()
        with connection:
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT) == 143


def test_sigterm_ends_the_demo_and_its_app(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\necho $$ > {pid_file}.new; mv {pid_file}.new {pid_file}\nexec sleep 60\n"
    )
    python.chmod(0o755)
    with subprocess.Popen(
        command("demo"),
        env=environment(SPACECALL_GRADIO_PYTHON=str(python)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        wait_until(pid_file.is_file)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (signal.SIGINT, 130, "spacecall: interrupted\n"),
        (signal.SIGTERM, 143, "spacecall: terminated\n"),
        (signal.SIGHUP, 129, "spacecall: terminated\n"),
    ],
)
def test_a_signal_cancels_the_call_on_the_server(
    protocol_app: AppServer, number: signal.Signals, code: int, message: str
) -> None:
    seconds = f"{unique(60)}"
    with start_command("call", protocol_app.url, "/slow_async", "--seconds", seconds) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        wait_until(lambda: f"slow_async start {seconds}" in lines(protocol_app))
        process.send_signal(number)
        assert process.wait(WAIT) == code
        assert process.stdout.read() == b""
        assert process.stderr.read().decode() == message
    wait_until(lambda: f"slow_async cancelled {seconds}" in lines(protocol_app))


def test_ctrl_c_in_a_terminal_cancels_a_stream(protocol_app: AppServer, tmp_path: Path) -> None:
    seconds = f"{unique(60)}"
    call = ("call", protocol_app.url, "/slow_stream", "--seconds", seconds)
    with terminal(*call, folder=tmp_path) as screen:
        screen.wait_for("step 2")
        screen.press_ctrl_c()
        assert screen.finish() == 130
    assert screen.text.endswith("\nspacecall: interrupted\n")
    wait_until(lambda: f"slow_stream GeneratorExit {seconds}" in lines(protocol_app))


def test_ctrl_c_cancels_every_call_of_many(protocol_app: AppServer) -> None:
    durations = [f"{unique(60)}" for _ in range(3)]
    call = ("call", protocol_app.url, "/slow_many", "--jsonl")
    with start_command(*call, "--jobs", "3") as process:
        assert process.stdin is not None
        process.stdin.write(
            "".join(f'{{"seconds": {seconds}}}\n' for seconds in durations).encode()
        )
        process.stdin.flush()  # and stays open: the command waits for lines all the while
        starts = {f"slow_async start {seconds}" for seconds in durations}
        wait_until(lambda: starts <= set(lines(protocol_app)))
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 130
    ends = {f"slow_async cancelled {seconds}" for seconds in durations}
    wait_until(lambda: ends <= set(lines(protocol_app)))


def test_ctrl_c_while_stdin_is_awaited_ends_the_command(protocol_app: AppServer) -> None:
    with start_command("call", protocol_app.url, "/echo", "--text", "-") as process:
        pipe = process.stdin
        assert pipe is not None
        pipe.write(b"x")
        pipe.flush()
        wait_until(lambda: unread(pipe) == 0)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 130


def test_a_full_output_pipe_of_a_page_is_left_quietly(protocol_app: AppServer) -> None:
    inspect = command("inspect", protocol_app.url, "--all", "--json")
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", *inspect],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_a_signal_wakes_a_command_that_waits_for_the_network() -> None:
    """The thread stands for a signal just before the wait: neither interrupts the wait itself."""

    def send() -> None:
        time.sleep(0.2)  # so that the loop waits; otherwise the test shows nothing, and passes
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    scopes: list[anyio.CancelScope] = []

    async def wait() -> None:
        sender.start()
        with anyio.move_on_after(WAIT) as scope:
            scopes.append(scope)
            await anyio.sleep_forever()

    with pytest.raises(typer.Exit) as caught:
        run_async(wait)
    sender.join()
    assert caught.value.exit_code == 143
    assert not scopes[0].cancel_called, "the signal was handled when the wait ended"
