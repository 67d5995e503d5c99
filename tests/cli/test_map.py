"""`spacecall map` on a real app: outcomes, interruptions, what it refuses."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
from collections import Counter
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.processes import DEADLINE, start_command, terminal, wait_until
from tests.client.tools import unique
from tests.servers import AppServer

parquet: Any = import_module("pyarrow.parquet")


def write_rows(path: str, *rows: dict[str, Any]) -> None:
    Path(path).write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def read_lines(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def starts_of(app: AppServer, durations: list[float]) -> dict[float, int]:
    """How often the app has started each call of /slow_many."""
    lines = Counter(app.log().splitlines())
    return {seconds: lines[f"slow_async start {seconds}"] for seconds in durations}


def slow_map(app: AppServer, folder: Path, *durations: float) -> tuple[list[str], Path]:
    """A command that calls /slow_many for each duration, and the folder of its output."""
    rows, output = folder / "rows.jsonl", folder / "out"
    write_rows(str(rows), *({"seconds": seconds} for seconds in durations))
    paths = ["--input", str(rows), "--output", str(output)]
    return ["map", app.url, "/slow_many", *paths], output


def has_finished(app: AppServer, durations: list[float], count: int) -> bool:
    lines = set(app.log().splitlines())
    return sum(f"slow_async finished {seconds}" in lines for seconds in durations) >= count


def test_each_row_has_an_outcome_and_a_second_run_calls_nothing(
    cli: Cli, protocol_app_6: AppServer
) -> None:
    rows = [{"name": f"row {index}", "a": index} for index in range(20)]
    write_rows("rows.jsonl", *rows, {"name": "wrong", "a": "many"})
    command = ("map", protocol_app_6.url, "/add", "--input", "rows.jsonl", "--output", "out")
    options = ("--id", "name", "--json")
    first = cli(*command, *options)
    assert first.code == 1
    summary = json.loads(first.out)
    assert (summary["done"], summary["failed"], summary["called"]) == (20, 1, 21)
    results = read_lines("out/results.jsonl")
    assert [result["id"] for result in results] == [row["name"] for row in rows] + ["wrong"]
    assert [result["value"] for result in results[:-1]] == [index + 10 for index in range(20)]
    assert results[0]["input"] == {"a": 0}
    assert results[-1]["error"]["type"] == "InvalidInputError"
    assert results[-1]["error"]["code"] == 2
    assert read_lines("out/failed.jsonl") == [{"name": "wrong", "a": "many"}]
    second = json.loads(cli(*command, *options).out)
    assert (second["done"], second["failed"], second["called"]) == (20, 1, 0)
    assert read_lines("out/results.jsonl") == results


def test_failed_rows_are_the_input_of_the_next_batch(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"x": 1}, {"a": 2})
    command = ("map", protocol_app_6.url, "/add")
    failed = cli(
        *command, "--input", "rows.jsonl", "--output", "a.jsonl", "--dead-letter", "b.jsonl"
    )
    assert failed.code == 1
    again = cli(*command, "--input", "b.jsonl", "--output", "c.jsonl", "--map", "a=x")
    assert again.code == 0
    assert [result["value"] for result in read_lines("c.jsonl")] == [11]
    assert "1 rows done, 0 failed: c.jsonl" in again.err


def test_paths_of_files_are_relative_to_the_output(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"text": "a"})
    command = ("map", protocol_app_6.url, "/make_file", "--input", "rows.jsonl")
    assert cli(*command, "--output", "sub/out.jsonl", "--files-to", "files").code == 0
    (result,) = read_lines("sub/out.jsonl")
    assert result["value"].startswith("../files/0-")
    assert (Path("sub") / result["value"]).is_file()


def test_files_are_saved_and_parquet_has_the_types_of_the_endpoint(
    cli: Cli, protocol_app_6: AppServer
) -> None:
    Path("rows.csv").write_text("text,key\nhello,a\n007,b\n")
    command = ("map", protocol_app_6.url, "/make_file", "--input", "rows.csv", "--id", "key")
    assert cli(*command, "--output", "out.parquet", "--files-to", "files").code == 0
    first, second = parquet.read_table("out.parquet").to_pylist()
    assert (first["id"], first["input"], second["input"]) == (
        "a",
        {"text": "hello"},
        {"text": "007"},
    )
    assert "hello" in Path(first["value"]).read_text()
    assert Path(first["value"]).parent == Path("files")
    assert first["value"] != second["value"]


def test_rows_come_from_stdin(cli: Cli, protocol_app_6: AppServer) -> None:
    command = ("map", protocol_app_6.url, "/echo", "--input", "-", "--output", "out.jsonl")
    assert cli(*command, stdin='{"text": "a"}\n{"text": "b"}').code == 0
    assert [result["value"] for result in read_lines("out.jsonl")] == ["a", "b"]
    assert cli(*command, stdin='{"text": "a"}\n{"text": "b"}').code == 0
    changed = cli(*command, stdin='{"text": "a"}\n{"text": "c"}')
    assert changed.code == 2
    assert "the input changed since this batch was begun" in changed.err


def test_a_compressed_stdin_is_refused(cli: Cli, protocol_app_6: AppServer) -> None:
    command = ("map", protocol_app_6.url, "/echo", "--input", "-", "--output", "out.jsonl")
    refused = cli(*command, stdin=gzip.compress(b'{"text": "a"}\n'))
    assert refused.code == 2
    assert "stdin is compressed: pipe it through `gzip -d`" in refused.err


def test_a_changed_input_or_option_is_refused(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"text": "a", "other": "b"})
    command = ("map", protocol_app_6.url, "/echo", "--input", "rows.jsonl", "--output", "out")
    assert cli(*command).code == 0
    mapped = cli(*command, "--map", "text=other")
    assert (mapped.code, "--map changed since" in mapped.err) == (2, True)
    endpoint = cli(*("map", protocol_app_6.url, "/fail", *command[3:]))
    assert (endpoint.code, "the endpoint changed since" in endpoint.err) == (2, True)
    write_rows("rows.jsonl", {"text": "b"})
    changed = cli(*command)
    assert (changed.code, "the input changed since" in changed.err) == (2, True)
    assert read_lines("out/results.jsonl")[0]["value"] == "a"


def test_an_output_of_something_else_is_not_replaced(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"text": "a"})
    command = ("map", protocol_app_6.url, "/echo", "--input", "rows.jsonl", "--output")
    Path("results.jsonl").write_text("mine")
    taken = cli(*command, "results.jsonl")
    assert (taken.code, "results.jsonl exists, and has no journal" in taken.err) == (2, True)
    folder = Path("folder")
    folder.mkdir()
    (folder / "mine").touch()
    full = cli(*command, "folder")
    assert (full.code, "folder is not empty, and has no journal" in full.err) == (2, True)
    assert Path("results.jsonl").read_text() == "mine"


def test_bad_input_is_refused_before_any_call(cli: Cli, protocol_app_6: AppServer) -> None:
    Path("rows.csv").write_text("title\na\n")
    command = ("map", protocol_app_6.url, "/echo", "--output", "out.jsonl", "--input")
    for name, message in [
        ("rows.csv", "rows.csv has no column text; it has title"),
        ("none.jsonl", "cannot read none.jsonl"),
        ("rows.txt", "must end in .jsonl, .csv, .parquet, .jsonl.gz or .csv.gz"),
    ]:
        refused = cli(*command, name)
        assert (refused.code, message in refused.err) == (2, True), refused.err
    Path("broken.parquet").write_bytes(b"PAR1")
    refused = cli(*command, "broken.parquet")
    assert (refused.code, "cannot read broken.parquet" in refused.err) == (2, True)
    for option in [("--concurrency", "many"), ("--on-quota", "x"), ("--map", "text")]:
        assert cli(*command, "rows.csv", *option).code == 2
    assert not Path("out.jsonl").exists()


def test_an_option_that_cannot_be_meant_is_refused(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"text": "a"})
    command = ("map", protocol_app_6.url, "/echo", "--input", "rows.jsonl", "--output", "out")
    for options, message in [
        (("--rate", "0"), "--rate must be more than 0 calls per second, got 0"),
        (("--rate", "nan"), "--rate must be more than 0 calls per second, got nan"),
        (("--map", "text=text", "--map", "text=b"), "--map has the parameter text twice"),
        (("--output", "-"), "--output must be a file or folder, stdout (-) is neither"),
        (("--delimiter", ";"), "--delimiter is for CSV files: 'rows.jsonl' has none"),
        (("--delimiter", "ab"), "--delimiter must be a character of ASCII"),
        (("--limit", "0"), "Input should be greater than or equal to 1"),
        (("--id", "typo"), "the first row of rows.jsonl has no column typo; it has text"),
    ]:
        refused = cli(*command, *options)
        assert (refused.code, message in refused.err) == (2, True), refused.err
    assert [path.name for path in Path().iterdir()] == ["rows.jsonl"]


def test_it_stops_after_too_many_errors(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", *({"text": f"{index}"} for index in range(200)))
    command = ("map", protocol_app_6.url, "/fail2", "--input", "rows.jsonl", "--output", "out")
    stopped = cli(*command, "--max-errors", "2", "--concurrency", "1", "--json")
    summary = json.loads(stopped.out)
    assert stopped.code == 1
    assert 3 <= summary["failed"] <= 5
    assert summary["remaining"]
    assert len(read_lines("out/failed.jsonl")) == summary["failed"]


def test_a_row_is_tried_again_if_the_app_fails(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", {"text": "x"})
    command = ("map", protocol_app_6.url, "/fail2", "--input", "rows.jsonl", "--output", "out")
    assert cli(*command, "--retry", "2").code == 1
    (result,) = read_lines("out/results.jsonl")
    assert result["attempts"] == 3
    assert result["error"]["title"] == "Title2"


def test_failed_rows_are_called_again_and_a_limit_is_no_failure(
    cli: Cli, protocol_app_6: AppServer
) -> None:
    Path("rows.csv.gz").write_bytes(gzip.compress(b"text;n\na;1\nb;2\nc;3\n"))
    paths = ("--input", "rows.csv.gz", "--output", "out", "--delimiter", ";")
    command = ("map", protocol_app_6.url, "/fail2", *paths)
    first = cli(*command, "--limit", "2")
    assert first.code == 1
    assert "rows are left after --limit: run the same command again" in first.err
    summary = json.loads(cli(*command, "--retry-failed", "--json").out)
    assert (summary["called"], summary["failed"], summary["limit_reached"]) == (3, 3, False)
    assert [result["row"] for result in read_lines("out/results.jsonl")] == [0, 1, 2]
    assert json.loads(cli(*command, "--json").out)["called"] == 0
    echo = ("map", protocol_app_6.url, "/echo", *paths[:3], "echo", *paths[4:])
    limited = cli(*echo, "--limit", "2")
    assert (limited.code, "2 rows done, 0 failed" in limited.err) == (0, True)
    assert json.loads(cli(*echo, "--json").out)["done"] == 3


def finished_rows(journal: Path) -> set[int]:
    database = sqlite3.connect(journal)
    try:
        query = "SELECT number FROM rows WHERE state = 'done'"
        return {number for (number,) in database.execute(query)}
    finally:
        database.close()


def test_a_killed_command_goes_on_and_calls_no_finished_row_again(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    start = unique(0.1)
    durations = [round(start + index / 1000, 6) for index in range(60)]
    command, output = slow_map(protocol_app_6, tmp_path, *durations)
    options = ("--resubmit", "--concurrency", "6", "--quiet")
    kept: set[int] = set()
    for finished in (7, 19, 38):
        with start_command(*command, *options) as process:
            wait_until(partial(has_finished, protocol_app_6, durations, finished))
            process.send_signal(signal.SIGKILL)
            process.wait()
        kept |= finished_rows(output / "journal.sqlite")
    assert len(kept) >= 38 - 3 * 6, "all that had finished but those under way at each kill"
    before = starts_of(protocol_app_6, durations)
    with start_command(*command, *options) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    results = read_lines(output / "results.jsonl")
    assert [result["row"] for result in results] == list(range(60))
    assert [result["value"] for result in results] == [f"slept {s}" for s in durations]
    after = starts_of(protocol_app_6, durations)
    assert all(after[durations[number]] == before[durations[number]] for number in kept)


def test_rows_of_unknown_outcome_are_called_again_only_if_asked_for(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    seconds = unique(30)
    command, output = slow_map(protocol_app_6, tmp_path, seconds)
    with start_command(*command, "--quiet") as process:
        wait_until(lambda: starts_of(protocol_app_6, [seconds])[seconds] == 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(2):
        with start_command(*command) as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "1 rows have an unknown outcome" in err.decode()
        (result,) = read_lines(output / "results.jsonl")
        assert result["error"]["type"] == "JobLostError"
    assert starts_of(protocol_app_6, [seconds])[seconds] == 1


def test_ctrl_c_finishes_the_calls_that_run(protocol_app_6: AppServer, tmp_path: Path) -> None:
    start = unique(1.5)
    durations = [round(start + index / 1000, 6) for index in range(20)]
    command, output = slow_map(protocol_app_6, tmp_path, *durations)
    with start_command(*command, "--concurrency", "3") as process:
        wait_until(lambda: sum(starts_of(protocol_app_6, durations).values()) >= 3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "finishing the calls that run" in err.decode()
    started = sum(starts_of(protocol_app_6, durations).values())
    assert started <= 6
    assert len(read_lines(output / "results.jsonl")) == started
    assert not read_lines(output / "failed.jsonl")


def test_ctrl_c_during_the_last_calls_is_a_complete_run(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    seconds = unique(1.5)
    command, output = slow_map(protocol_app_6, tmp_path, seconds)
    with start_command(*command) as process:
        wait_until(lambda: starts_of(protocol_app_6, [seconds])[seconds] == 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, b"run the same command again" in err) == (0, False)
    assert len(read_lines(output / "results.jsonl")) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_cancels_the_calls_that_run_and_writes_the_output(
    protocol_app_6: AppServer, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    seconds = unique(60)
    command, output = slow_map(protocol_app_6, tmp_path, 0, seconds)
    with start_command(*command, "--concurrency", "1") as process:
        wait_until(lambda: starts_of(protocol_app_6, [seconds])[seconds] == 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, b"terminated" in err) == (code, True)
    assert [result["row"] for result in read_lines(output / "results.jsonl")] == [0]
    wait_until(lambda: f"slow_async cancelled {seconds}" in protocol_app_6.log())


def test_the_output_is_written_when_the_terminal_is_closed(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    seconds = unique(60)
    command, output = slow_map(protocol_app_6, tmp_path, 0, seconds)
    with terminal(*command, "--concurrency", "1", folder=tmp_path) as screen:
        wait_until(lambda: starts_of(protocol_app_6, [seconds])[seconds] == 1)
        screen.close()
        assert screen.process.wait(DEADLINE) == 129
    assert [result["row"] for result in read_lines(output / "results.jsonl")] == [0]


def test_a_second_ctrl_c_cancels_the_calls_that_run(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    seconds = unique(60)
    command, output = slow_map(protocol_app_6, tmp_path, seconds)
    with start_command(*command) as process:
        wait_until(lambda: starts_of(protocol_app_6, [seconds])[seconds] == 1)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"finishing" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    wait_until(lambda: f"slow_async cancelled {seconds}" in protocol_app_6.log())
    assert read_lines(output / "results.jsonl") == []


@pytest.mark.parametrize("option", ["--input", "--output"])
def test_input_and_output_are_required(cli: Cli, option: str) -> None:
    options = {"--input": "rows.jsonl", "--output": "out"}
    del options[option]
    words = [word for pair in options.items() for word in pair]
    assert cli("map", "http://127.0.0.1:1", "/echo", *words).code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "spark"], "--engine must be local or ray, got 'spark'"),
        (["--ray-address", "auto"], "--ray-address needs --engine ray"),
        (["--engine", "ray", "--ray-address", "ray://head:10001"], "on a node of the cluster"),
        (["--files-to", "s3://bucket/folder"], "addresses need --engine ray"),
        (["--engine", "ray"], "Ray Data is not installed: pip install 'spacecall[ray]'"),
    ],
)
def test_options_of_ray_are_checked(
    cli: Cli, protocol_app_6: AppServer, options: list[str], message: str
) -> None:
    write_rows("rows.jsonl", {"a": 1})
    command = ("map", protocol_app_6.url, "/add", "--input", "rows.jsonl", "--output", "out")
    outcome = cli(*command, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not Path("out").exists()


def test_rows_go_to_copies_of_the_app_too(cli: Cli, protocol_app_6: AppServer) -> None:
    write_rows("rows.jsonl", *({"text": f"{index}"} for index in range(30)))
    copy = protocol_app_6.url.replace("127.0.0.1", "localhost")
    command = ("map", protocol_app_6.url, "/echo", "--input", "rows.jsonl", "--output", "out")
    assert cli(*command, "--also", copy, "--concurrency", "2").code == 0
    results = read_lines("out/results.jsonl")
    assert [result["value"] for result in results] == [f"{index}" for index in range(30)]
    assert {result["source"] for result in results} == {protocol_app_6.url, copy}
    assert cli(*command).code == 0, "the next run may do without the copy"
    for options, message in [
        (("--also", protocol_app_6.url), "there already"),
        (("--also", copy, "--engine", "ray"), "--also cannot be used with --engine ray"),
        (("--also", copy, "--header", "x-key: secret"), "sent to one app only"),
    ]:
        refused = cli(*command, *options)
        assert (refused.code, message in refused.err) == (2, True), refused.err
        assert "secret" not in refused.err


def test_a_row_whose_file_is_stdin_has_an_error_of_its_own(
    cli: Cli, protocol_app_6: AppServer
) -> None:
    write_rows("rows.jsonl", {"files": ["-"]})
    done = cli(
        "map", protocol_app_6.url, "/files", "--input", "rows.jsonl", "--output", "out.jsonl"
    )
    assert done.code == 1
    (row,) = read_lines("out.jsonl")
    assert row["error"]["message"] == "a row cannot read stdin (-): write the path of a file"
