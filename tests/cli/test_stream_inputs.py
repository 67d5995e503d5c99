"""`spacecall call --stream-input`: inputs one after another, and the value of each."""

from __future__ import annotations

import base64
import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.processes import start_command
from tests.conftest import ServerPool
from tests.servers import DATA, GRADIO_6, AppServer

FRAME = DATA / "red.png"


@pytest.fixture
def app(app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", GRADIO_6)


def test_the_files_of_a_folder_are_sent_by_name_and_each_value_has_a_line(
    cli: Cli, app: AppServer, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in ("b.png", "a.png"):
        shutil.copy(FRAME, frames / name)
    (frames / "more").mkdir()
    words = ("--stream-input", frames, "--stream-input", FRAME)
    done = cli("call", app.url, "/see", "--text", "n", *words)
    assert (done.code, done.out, done.err) == (0, "n1\nn2\nn3\n", "")


def test_a_value_comes_before_the_next_line_of_stdin_is_written(app: AppServer) -> None:
    words = ("call", app.url, "/see", "--text", "n", "--stream-input", "-")
    with start_command(*words) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        data_uri = f"data:image/png;base64,{base64.b64encode(FRAME.read_bytes()).decode()}"
        for number, line in enumerate((str(FRAME), f"@{FRAME}", data_uri), start=1):
            process.stdin.write(f"{line}\n\n".encode())
            process.stdin.flush()
            assert process.stdout.readline() == f"n{number}\n".encode()
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(10) == 0


def test_ctrl_c_ends_the_stream_and_is_no_failure(app: AppServer) -> None:
    words = ("call", app.url, "/slow", "--text", "1", "--stream-input", "-")
    with start_command(*words) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{FRAME}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline() == b"1\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""


def test_a_line_that_does_not_fit_ends_the_stream_after_the_values_before_it(
    cli: Cli, app: AppServer
) -> None:
    words = ("--text", "n", "--stream-input", "-")
    done = cli("call", app.url, "/see", *words, stdin=f"{FRAME}\nnothing.png\n{FRAME}\n")
    assert (done.code, done.out) == (2, "n1\n")
    assert done.err.startswith("spacecall: line 2: ")
    assert "nothing.png" in done.err


def test_an_error_of_the_app_is_one_line(cli: Cli, app: AppServer) -> None:
    done = cli("call", app.url, "/fail", "--text", "fail", "--stream-input", FRAME)
    assert (done.code, done.out, done.err) == (1, "", "spacecall: the app failed: no film\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["/echo", "--stream-input", "x"], "/echo takes no stream of inputs"),
        (["/see", "--stream-input", FRAME], "--text is missing"),
        (["/see", "--text", "a", "--stream-input", "no.png"], "--stream-input: "),
        (["/see", "--text", "a", "--stream-input", "."], "has no files"),
        (["/see", "--text", "a", "--stream-input", "-", "--stream-input", FRAME], "give it once"),
        (["/see", "--text", "-", "--stream-input", "-"], "stdin holds the lines"),
        (["/see", "--frame", FRAME, "--text", "a", "--stream-input", FRAME], "frame takes the"),
        (["/see", "--stream-input", FRAME, "--no-stream"], "remove --no-stream"),
        (["/see", "--stream-input", FRAME, "--jsonl"], "remove --jsonl"),
    ],
)
def test_a_mistake_is_a_usage_error(
    words: list[object], message: str, cli: Cli, app: AppServer
) -> None:
    done = cli("call", app.url, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_outputs_that_are_not_texts_are_lines_of_json(cli: Cli, app: AppServer) -> None:
    done = cli("call", app.url, "/listen", "--stream-input", DATA / "tone.wav")
    assert done.code == 0
    assert json.loads(done.out) == (DATA / "tone.wav").stat().st_size
