from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from spacecall.cli._runners.jsonl_calls import call_lines
from tests.cli.conftest import Cli
from tests.cli.processes import start_command, wait_until
from tests.client.tools import unique
from tests.servers import DATA, AppServer

LINES = """{"text": "one"}

{"text": 2}
nonsense
["three"]
{"text": "four", "n": 1}
{"txet": "five"}
{"text": "six"}"""


def results(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_each_line_is_a_call_and_each_result_a_line_in_order(
    cli: Cli, protocol_app: AppServer
) -> None:
    done = cli("call", protocol_app.url, "/echo", "--jsonl", stdin=LINES)
    rows = results(done.out)
    assert [row["line"] for row in rows] == [1, 3, 4, 5, 6, 7, 8]
    assert [row["value"] for row in rows if "value" in row] == ["one", "2", "six"]
    errors = [row["error"] for row in rows if "error" in row]
    assert {error["type"] for error in errors} == {"InvalidInputError"}
    assert [error["message"] for error in errors] == [
        "the line is not valid JSON: Expecting value: line 1 column 1 (char 0)",
        "the line is not a JSON object",
        "n is not a parameter; there is text",
        "txet is not a parameter; did you mean text?; text is missing",
    ]
    assert (done.code, done.err) == (1, "")


def test_the_order_is_that_of_the_lines_not_of_the_answers(
    cli: Cli, protocol_app: AppServer
) -> None:
    lines = "".join(f'{{"seconds": {seconds}}}\n' for seconds in (1.5, 0.1, 0.2))
    done = cli("call", protocol_app.url, "/slow_many", "--jsonl", stdin=lines)
    assert [row["value"] for row in results(done.out)] == ["slept 1.5", "slept 0.1", "slept 0.2"]
    assert done.code == 0


def test_flags_are_for_every_line_that_does_not_say_otherwise(
    cli: Cli, protocol_app: AppServer
) -> None:
    lines = '{"a": 1}\n{"a": 1, "b": 2}\n{}'
    done = cli("call", protocol_app.url, "/add", "--jsonl", "--b", "7", stdin=lines)
    first, second, third = results(done.out)
    assert (first["value"], second["value"]) == (8, 3)
    assert third["error"]["message"] == "a is missing"


def test_an_error_of_the_app_tells_what_the_exit_code_would_be(
    cli: Cli, protocol_app: AppServer
) -> None:
    lines = '{"text": "x"}\n'
    done = cli("call", protocol_app.url, "/fail2", "--jsonl", stdin=lines)
    (error,) = (row["error"] for row in results(done.out))
    assert error.pop("event_id")
    assert error == {"type": "AppError", "message": "boom2", "title": "Title2", "code": 1}
    late = cli(
        *("call", protocol_app.url, "/slow_many", "--jsonl", "--timeout", "0.5"),
        stdin='{"seconds": 20}\n{"seconds": 0}\n',
    )
    first, second = results(late.out)
    assert (first["error"]["type"], first["error"]["code"]) == ("DeadlineError", 5)
    assert second["value"] == "slept 0"


def test_files_of_many_results_never_replace_each_other(cli: Cli, protocol_app: AppServer) -> None:
    lines = "".join(json.dumps({"text": f"number {number}"}) + "\n" for number in range(6))
    done = cli(
        *("call", protocol_app.url, "/make_file", "--jsonl", "--jobs", "6", "--out", "got"),
        stdin=lines,
    )
    paths = [row["value"] for row in results(done.out)]
    texts = [Path(path).read_text(encoding="utf-8") for path in paths]
    assert texts == [f"number {number}" for number in range(6)]


def test_files_of_a_line_are_sent(cli: Cli, protocol_app: AppServer) -> None:
    line = json.dumps({"files": [f"@{DATA / 'red.png'}"]})
    done = cli("call", protocol_app.url, "/files", "--jsonl", "--out", "got", stdin=line)
    (path,) = results(done.out)[0]["value"]
    assert Path(path).read_bytes() == (DATA / "red.png").read_bytes()


def test_stdin_is_not_an_argument_too(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/echo", "--jsonl", "--text", "-", stdin="{}")
    assert (done.code, done.out) == (2, "")
    assert "stdin holds the lines of --jsonl or --stream-input" in done.err


def test_no_lines_are_no_calls(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/echo", "--jsonl", stdin="\n\n")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_calls_run_at_once_than_jobs(cli: Cli, protocol_app: AppServer, jobs: int) -> None:
    seconds = unique(0.3)
    lines = f'{{"seconds": {seconds}}}\n' * 6
    done = cli(*("call", protocol_app.url, "/slow_many", "--jsonl", "--jobs", jobs), stdin=lines)
    assert [row["value"] for row in results(done.out)] == [f"slept {seconds}"] * 6
    log = protocol_app.log().splitlines()
    events = [line.split()[1] for line in log if line.endswith(f" {seconds}")]
    running = list(accumulate(1 if event == "start" else -1 for event in events))
    assert len(running) == 12
    assert max(running) == jobs


def test_a_result_comes_before_the_next_line_is_written(protocol_app: AppServer) -> None:
    with start_command("call", protocol_app.url, "/echo", "--jsonl") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("one", "two"):
            process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == text
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(10) == 0


def test_a_reader_that_goes_away_ends_the_calls(protocol_app: AppServer) -> None:
    with start_command("call", protocol_app.url, "/slow_many", "--jsonl", "--jobs", "2") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"seconds": 0}\n{"seconds": 0.123}\n{"seconds": 20.456}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(15) == 141
        assert process.stderr.read() == b""
    wait_until(lambda: "slow_async cancelled 20.456" in protocol_app.log())


class UnspeakableError(Exception):
    """An error that raises when it is shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_whatever_the_call_of_one_line_raises_is_the_result_of_that_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for kind in ("error", "deep", "fine"):
            yield json.dumps({"kind": kind}).encode()

    async def make_call(arguments: dict[str, Any]) -> Any:
        if arguments["kind"] == "error":
            raise UnspeakableError
        value: list[Any] = []
        for _ in range(100_000 if arguments["kind"] == "deep" else 0):
            value = [value]
        return value

    assert await call_lines(lines(), make_call, jobs=3) == 1
    error, deep, fine = map(json.loads, capsys.readouterr().out.splitlines())
    assert error["error"]["message"] == "UnspeakableError"
    assert deep["error"]["type"] == "RecursionError"
    assert fine == {"line": 3, "value": []}
