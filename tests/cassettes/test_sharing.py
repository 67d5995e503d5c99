"""Tests that share a cassette, in a pytest of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.test_plugin import NOWHERE, run
from tests.servers import AppServer

TESTS = """
import os
import pytest
from spacecall import SyncSpace


def echo(*texts):
    with SyncSpace(os.environ["APP"]) as space:
        for text in texts:
            assert space.call("/echo", text=text).result() == text


@pytest.mark.spacecall("shared")
def test_first():
    echo("both", "1")


@pytest.mark.spacecall("shared")
def test_second():
    echo("2", "both")
"""
RECORDING = ["once", "new_episodes", "all", "rewrite"]


def write_tests(folder: Path, text: str = TESTS) -> None:
    (folder / "test_mine.py").write_text(text)


def record(folder: Path, url: str, mode: str, *arguments: str) -> None:
    done = run(folder, url, f"--spacecall-record={mode}", *arguments)
    assert done.returncode == 0, done.stdout


def replay(folder: Path, *arguments: str) -> None:
    done = run(folder, NOWHERE, *arguments)
    assert done.returncode == 0, done.stdout


def read(folder: Path) -> str:
    return (folder / "cassettes/shared.json").read_text()


def recorded_texts(folder: Path) -> list[Any]:
    interactions = json.loads(read(folder))["interactions"]
    bodies = [interaction["request"]["body"].get("json", {}) for interaction in interactions]
    return [body["data"][0] for body in bodies if "fn_index" in body]


@pytest.mark.parametrize("mode", RECORDING)
def test_they_record_it_together_and_replay_it(
    mode: str, protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, mode)
    assert {"1", "2", "both"} <= {*recorded_texts(tmp_path)}
    replay(tmp_path)
    before = read(tmp_path)
    record(tmp_path, protocol_app_6.url, mode)
    assert read(tmp_path) == before


@pytest.mark.parametrize(
    "arguments", [("-n", "2"), ("-k", "first"), ("test_mine.py::test_second",)]
)
def test_some_of_them_or_several_processes_replay_it(
    arguments: tuple[str, ...], protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    replay(tmp_path, *arguments)


def test_a_rewrite_starts_anew_once_in_a_run(protocol_app_6: AppServer, tmp_path: Path) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    write_tests(tmp_path, TESTS.replace('"1"', '"one"').replace('"2"', '"two"'))
    record(tmp_path, protocol_app_6.url, "rewrite")
    assert sorted(recorded_texts(tmp_path)) == ["both", "both", "one", "two"]
    replay(tmp_path)


@pytest.mark.parametrize("selection", [("-k", "first"), ("test_mine.py::test_first",)])
def test_a_rewrite_without_all_of_them_is_refused(
    selection: tuple[str, ...], protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    before = read(tmp_path)
    done = run(tmp_path, protocol_app_6.url, "--spacecall-record=rewrite", *selection)
    assert "run test_mine.py::test_second too" in done.stdout
    assert read(tmp_path) == before


def test_a_test_that_was_removed_does_not_matter(protocol_app_6: AppServer, tmp_path: Path) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    write_tests(tmp_path, TESTS.rpartition("\n@pytest")[0])
    done = run(tmp_path, NOWHERE)
    assert "requests that were not made" in done.stdout
    record(tmp_path, protocol_app_6.url, "rewrite")
    assert json.loads(read(tmp_path))["metadata"]["tests"] == ["test_mine.py::test_first"]
    replay(tmp_path)


def test_a_request_that_none_of_them_makes_is_an_error_of_the_last_one(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    write_tests(tmp_path, TESTS.replace(', "1"', ""))
    done = run(tmp_path, NOWHERE, "-rN")  # a summary would repeat the error
    assert "2 passed, 1 error" in done.stdout
    assert "ERROR at teardown of test_second" in done.stdout
    assert done.stdout.count("  POST /gradio_api/queue/join") == 1
    replay(tmp_path, "-k", "first")


def test_a_missing_request_is_not_advised_to_remove_those_of_others(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    write_tests(tmp_path, TESTS.replace('"2"', '"two"'))
    done = run(tmp_path, NOWHERE)
    assert "new_episodes, or =rewrite with all tests that share it" in done.stdout


@pytest.mark.parametrize("mode", ["all", "new_episodes"])
def test_a_changed_test_needs_a_rewrite_as_the_error_says(
    mode: str, protocol_app_6: AppServer, tmp_path: Path
) -> None:
    write_tests(tmp_path)
    record(tmp_path, protocol_app_6.url, "once")
    write_tests(tmp_path, TESTS.replace('"2"', '"two"'))
    done = run(tmp_path, protocol_app_6.url, f"--spacecall-record={mode}")
    assert (done.returncode == 0) == (mode == "all")
    replayed = run(tmp_path, NOWHERE)
    for output in (replayed.stdout, done.stdout if mode == "new_episodes" else replayed.stdout):
        assert "requests that were not made. If the test has changed, record" in output
        assert "--spacecall-record=rewrite" in output
    record(tmp_path, protocol_app_6.url, "rewrite")
    assert "2" not in recorded_texts(tmp_path)
    replay(tmp_path)


@pytest.mark.parametrize("mode", RECORDING)
def test_recording_it_in_several_processes_is_refused(mode: str, tmp_path: Path) -> None:
    write_tests(tmp_path)
    done = run(tmp_path, NOWHERE, f"--spacecall-record={mode}", "-n", "2")
    assert done.stdout.count("is shared by 2 tests: record it without pytest-xdist (-n 0)") >= 2
    assert not list(tmp_path.rglob("*.json"))
