"""The requests of a shared cassette belong to the tests that made them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.test_plugin import NOWHERE, run
from tests.hostile.server import HostileServer, Request, app_config, http

FIRST = """
import os
import pytest
from spacecall import SyncSpace


def next_number():
    with SyncSpace(os.environ["APP"]) as space:
        return space.call("/predict", x="next").result()


"""
TEST = """
@pytest.mark.spacecall("shared")
def test_{name}():
    assert next_number() == "{number}"
"""


def counting_tests(**numbers: int) -> str:
    """Return tests that get the next number of the app, each with the number that it expects."""
    tests = [TEST.format(name=name, number=number) for name, number in numbers.items()]
    return FIRST + "\n".join(tests)


@pytest.fixture
def counter() -> Iterator[HostileServer]:
    """An app that counts its calls."""
    config = app_config()
    config["dependencies"][0].update(queue=False, types={"generator": False})
    numbers = count(1)

    def predict(_request: Request, _connection: Any) -> bytes:
        return http({"data": [str(next(numbers))], "is_generating": False, "duration": 0.1})

    with HostileServer(config=config, outputs=[]) as server:
        server.routes["/gradio_api/run/predict"] = predict
        yield server


def pytest_run(folder: Path, tests: str, url: str, *arguments: str) -> str:
    (folder / "test_mine.py").write_text(tests)
    return run(folder, url, *arguments).stdout


def read(folder: Path) -> dict[str, Any]:
    cassette: dict[str, Any] = json.loads((folder / "cassettes/shared.json").read_text())
    return cassette


def recorded_numbers(folder: Path) -> dict[str, list[str]]:
    """Return the recorded numbers by the names of the tests that got them."""
    numbers: dict[str, list[str]] = {}
    for interaction in read(folder)["interactions"]:
        if "/run/" in interaction["request"]["uri"]:
            test = interaction["test"].removeprefix("test_mine.py::test_")
            numbers.setdefault(test, []).extend(interaction["response"]["body"]["json"]["data"])
    return numbers


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all", "rewrite"])
def test_a_test_gets_its_own_responses_alone_and_in_any_order(
    mode: str, counter: HostileServer, tmp_path: Path
) -> None:
    option = f"--spacecall-record={mode}"
    # With new_episodes, the second test gets the request of the first: the cassette has it.
    first, second = (1, 1) if mode == "new_episodes" else (1, 2)
    tests = counting_tests(a=first, b=second)
    assert "2 passed" in pytest_run(tmp_path, tests, counter.url, option)
    for arguments in (("-k", "test_b"), ("-k", "test_a"), ("-n", "2"), ()):
        assert " passed" in (output := pytest_run(tmp_path, tests, NOWHERE, *arguments)), output
        assert "failed" not in output
    reversed_tests = counting_tests(b=second, a=first)
    assert "2 passed" in pytest_run(tmp_path, reversed_tests, NOWHERE)


def test_a_cassette_that_does_not_say_which_test_made_a_request_is_replayed(
    counter: HostileServer, tmp_path: Path
) -> None:
    """Of an older version."""
    tests = counting_tests(a=1, b=2)
    pytest_run(tmp_path, tests, counter.url, "--spacecall-record=once")
    cassette = read(tmp_path)
    for interaction in cassette["interactions"]:
        del interaction["test"]
    (tmp_path / "cassettes/shared.json").write_text(json.dumps(cassette))
    assert "2 passed" in pytest_run(tmp_path, tests, NOWHERE)
    again = counting_tests(a=3, b=4)
    assert "2 passed" in pytest_run(tmp_path, again, counter.url, "--spacecall-record=rewrite")
    assert recorded_numbers(tmp_path) == {"a": ["3"], "b": ["4"]}


def test_a_renamed_test_gets_the_requests_of_its_older_name(
    counter: HostileServer, tmp_path: Path
) -> None:
    pytest_run(tmp_path, counting_tests(a=1, b=2), counter.url, "--spacecall-record=once")
    assert "2 passed" in pytest_run(tmp_path, counting_tests(b=2, c=1), NOWHERE)


def test_recording_one_test_again_keeps_equal_requests_of_another(
    counter: HostileServer, tmp_path: Path
) -> None:
    pytest_run(tmp_path, counting_tests(a=1, b=2), counter.url, "--spacecall-record=once")
    tests = counting_tests(a=3, b=2)
    option = "--spacecall-record=all"
    assert "1 passed" in pytest_run(tmp_path, tests, counter.url, option, "-k", "test_a")
    assert recorded_numbers(tmp_path) == {"a": ["3"], "b": ["2"]}
    assert "2 passed" in pytest_run(tmp_path, tests, NOWHERE)


@pytest.mark.parametrize("mode", ["all", "rewrite"])
def test_the_older_requests_of_a_test_that_fails_stay(
    mode: str, counter: HostileServer, tmp_path: Path
) -> None:
    pytest_run(tmp_path, counting_tests(a=1, b=2), counter.url, "--spacecall-record=once")
    failing = counting_tests(a=0, b=4)
    output = pytest_run(tmp_path, failing, counter.url, f"--spacecall-record={mode}")
    assert "1 failed, 1 passed" in output
    assert recorded_numbers(tmp_path) == {"a": ["1"], "b": ["4"]}
    assert "2 passed" in pytest_run(tmp_path, counting_tests(a=1, b=4), NOWHERE)


@pytest.mark.parametrize("failing", ["a", "b"])
def test_once_records_a_test_whose_first_recording_failed(
    failing: str, counter: HostileServer, tmp_path: Path
) -> None:
    numbers = {"a": 1, "b": 2}
    option = "--spacecall-record=once"
    wrong = counting_tests(**(numbers | {failing: 0}))
    assert "1 failed, 1 passed" in pytest_run(tmp_path, wrong, counter.url, option)
    corrected = counting_tests(**(numbers | {failing: 3}))
    assert "2 passed" in pytest_run(tmp_path, corrected, counter.url, option)
    before = read(tmp_path)
    assert "2 passed" in pytest_run(tmp_path, corrected, NOWHERE, option)
    assert read(tmp_path) == before


def test_a_rewrite_removes_the_requests_of_a_test_that_makes_none_any_more(
    counter: HostileServer, tmp_path: Path
) -> None:
    pytest_run(tmp_path, counting_tests(a=1, b=2), counter.url, "--spacecall-record=once")
    tests = counting_tests(a=3, b=2).replace('next_number() == "2"', "True")
    assert "2 passed" in pytest_run(tmp_path, tests, counter.url, "--spacecall-record=rewrite")
    assert recorded_numbers(tmp_path) == {"a": ["3"]}
    assert "2 passed" in pytest_run(tmp_path, tests, NOWHERE)


def test_the_name_of_a_test_with_a_secret_is_refused(
    counter: HostileServer, tmp_path: Path
) -> None:
    key = "sk-" + "a1" * 12
    tests = counting_tests(a=1).replace("test_a()", "test_a(key)")
    tests = tests.replace("\n@pytest", f'\n@pytest.mark.parametrize("key", ["{key}"])\n@pytest')
    output = pytest_run(tmp_path, tests, counter.url, "--spacecall-record=once")
    assert "an API key of OpenAI, Anthropic, DeepSeek or OpenRouter in the name" in output
    assert not (tmp_path / "cassettes/shared.json").exists()
