from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.processes import start_command, terminal, wait_until
from tests.client.tools import unique
from tests.servers import AppServer


def test_a_text_is_written_piece_by_piece(protocol_app: AppServer) -> None:
    with start_command(
        "call", protocol_app.url, "/slow_stream", "--seconds", "2", "--stream"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(6) == b"step 0"
        assert process.poll() is None
        remaining = process.stdout.read()
        assert process.wait(10) == 0
    assert remaining.startswith(b"\nstep 1\n")
    assert remaining.endswith(b"step 9\n")


def test_the_pieces_together_are_the_text(cli: Cli, protocol_app: AppServer) -> None:
    call = ("call", protocol_app.url, "/stream_text", "--text", "x", "--n", "5")
    assert cli(*call, "--stream").out == cli(*call).out == "x0 x1 x2 x3 x4 \n"


def test_without_a_terminal_only_the_result_is_written(cli: Cli, protocol_app: AppServer) -> None:
    assert cli("call", protocol_app.url, "/slow_stream", "--seconds", "0.6").out == "step 2\n"


def test_other_outputs_stream_as_lines_of_json_the_result_last(
    cli: Cli, protocol_app: AppServer
) -> None:
    call = ("call", protocol_app.url, "/stream_edit", "--text", "x")
    lines = cli(*call, "--stream").out.splitlines()
    assert len(lines) > 1
    assert [json.loads(line) for line in lines][-1] == [{"only": None}, "end"]
    assert lines[-1] == cli(*call).out.rstrip("\n")


def test_what_came_before_an_error_is_kept(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/fail_mid", "--text", "x", "--stream")
    assert (done.code, done.out) == (1, "first second\n")
    assert "boom mid-stream" in done.err


def test_an_endpoint_that_does_not_stream_takes_the_option(
    cli: Cli, protocol_app: AppServer
) -> None:
    assert cli("call", protocol_app.url, "/echo", "--text", "x", "--stream").out == "x\n"
    assert cli("call", protocol_app.url, "/add", "--a", "1", "--stream").out == "11\n"


def test_a_reader_that_goes_away_ends_the_call(protocol_app: AppServer) -> None:
    seconds = "60.25"
    with start_command(
        "call", protocol_app.url, "/slow_stream", "--seconds", seconds, "--stream"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(6)
        process.stdout.close()
        assert process.wait(15) == 141
        assert process.stderr.read() == b""


def test_on_a_terminal_a_text_streams_by_itself(protocol_app: AppServer, tmp_path: Path) -> None:
    call = ("call", protocol_app.url, "/slow_stream", "--seconds", "2")
    with terminal(*call, folder=tmp_path) as screen:
        screen.wait_for("step 3")
        assert "step 9" not in screen.text
        assert screen.finish() == 0
        assert screen.text.endswith("step 8\nstep 9\n")
    with terminal(*call, "--no-stream", folder=tmp_path) as screen:
        assert screen.finish() == 0
        assert "step 3" not in screen.text
        assert screen.text.endswith("step 9\n")


def test_on_a_terminal_the_progress_of_the_app_is_shown(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    with terminal("call", protocol_app.url, "/progress", "--n", "30", folder=tmp_path) as screen:
        screen.wait_for("/30 steps")
        assert screen.finish() == 0
    assert "warning: a Warning message" in screen.text
    assert screen.text.endswith("done 30\n")


def test_on_a_terminal_the_place_in_the_queue_is_shown(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    call = ("call", protocol_app.url, "/slow_async")
    seconds = f"{unique(60)}"
    with start_command(*call, "--seconds", seconds) as first:
        wait_until(lambda: f"slow_async start {seconds}" in protocol_app.log().splitlines())
        with terminal(*call, "--seconds", "0.2", folder=tmp_path) as screen:
            screen.wait_for("queued, position 1 of 1")
            first.send_signal(signal.SIGINT)
            assert screen.finish() == 0
            assert screen.text.endswith("slept 0.2\n")


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_plain_terminal_gets_no_colour(
    protocol_app: AppServer, tmp_path: Path, variables: dict[str, str]
) -> None:
    inspect = ("inspect", protocol_app.url, "/widgets")
    with terminal(*inspect, folder=tmp_path, variables=variables) as screen:
        assert screen.finish() == 0
    assert "\x1b[3" not in screen.raw
    assert max(map(len, screen.text.splitlines())) <= 80
    if "TERM" in variables:
        with terminal(
            *("call", protocol_app.url, "/progress", "--n", "5"),
            folder=tmp_path,
            variables=variables,
        ) as screen:
            assert screen.finish() == 0
        assert "\x1b" not in screen.raw
        assert "steps" not in screen.text


def test_a_colour_terminal_gets_colour_and_nothing_wider(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    with terminal("inspect", protocol_app.url, folder=tmp_path) as screen:
        assert screen.finish() == 0
    assert "\x1b[1;36m/echo" in screen.raw
    assert max(map(len, screen.text.splitlines())) <= 80


def test_json_is_indented_for_people_only(
    cli: Cli, protocol_app: AppServer, tmp_path: Path
) -> None:
    call = ("call", protocol_app.url, "/json_noqueue", "--js", '{"a": 1}')
    assert len(cli(*call).out.splitlines()) == 1
    with terminal(*call, folder=tmp_path) as screen:
        assert screen.finish() == 0
    assert '  {\n    "got": {\n      "a": 1\n' in screen.text
