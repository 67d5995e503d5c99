"""What a recording leaves if the test or the block fails: all of it, or nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from spacecall import InvalidInputError, Space, Started
from spacecall.cassettes import (
    CassetteMissError,
    RecordMode,
    UnusedRequestsError,
    use_cassette,
)
from spacecall.cassettes._format.cassette_file import SHARED_FOLDER, load_cassette
from tests.cassettes.test_plugin import run
from tests.codegen.apps import FILE
from tests.hostile.server import HostileServer
from tests.hostile.test_files import painter, serve

NOWHERE = "http://127.0.0.1:9"
RECORDING_MODES: tuple[RecordMode, ...] = ("once", "new_episodes", "all", "rewrite")

MISTAKES = ("in a later fixture", "before", "down", "between", "after", "skipped", "interrupted")
PROGRAM = """
import os
import pytest
from spacecall import SyncSpace

URL, MISTAKEN, ARGUMENT = os.environ["APP"], os.environ["MISTAKEN"], os.environ["ARGUMENT"]


@pytest.fixture
def mistake(request, space_cassette):
    mistake = request.param if MISTAKEN else ""
    with SyncSpace(URL) as space:
        space.call("/predict", x=ARGUMENT).result()
    assert mistake != "in a later fixture"
    return mistake


@pytest.mark.spacecall
@pytest.mark.parametrize("mistake", MISTAKES, indirect=True)
def test_it(mistake):
    assert mistake != "before"
    with SyncSpace("http://127.0.0.1:9" if mistake == "down" else URL) as space:
        assert mistake != "between"
        if mistake == "skipped":
            pytest.skip("a mistake")
        if mistake == "interrupted":
            raise KeyboardInterrupt
        assert space.call("/predict", x="x").result() == "ok"
    assert mistake != "after"
""".replace("MISTAKES", repr(MISTAKES))
SUBTESTS = """
import os
import pytest
from spacecall import SyncSpace


@pytest.mark.spacecall
def test_it(subtests):
    with SyncSpace(os.environ["APP"]) as space:
        for result in ("different", "ok"):
            with subtests.test(result):
                assert space.call("/predict", x=result).result() == result
"""
XFAIL = """
import os
import pytest
from spacecall import SyncSpace


@pytest.mark.xfail(strict=True)
@pytest.mark.spacecall
@pytest.mark.parametrize("result", ["ok", "different"])
def test_it(result):
    with SyncSpace(os.environ["APP"]) as space:
        assert space.call("/predict", x="x").result() == result
"""


def read_files(folder: Path) -> dict[str, bytes]:
    files = [path for path in (folder / "cassettes").rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != SHARED_FOLDER]


def test_a_recording_of_a_failed_test_changes_nothing_and_the_next_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_mine.py").write_text(PROGRAM)

    def start(url: str, mode: str, *, argument: str, mistaken: str = "") -> str:
        monkeypatch.setenv("MISTAKEN", mistaken)
        monkeypatch.setenv("ARGUMENT", argument)
        return run(tmp_path, url, f"--spacecall-record={mode}").stdout

    with HostileServer() as server:
        output = start(server.url, "once", argument="first", mistaken="yes")
        assert "4 failed, 1 skipped, 1 error" in output
        assert "KeyboardInterrupt" in output
        assert not (tmp_path / "cassettes").exists()
        assert "7 passed" in start(server.url, "once", argument="first")
        recorded = read_files(tmp_path)
        for mode in ("all", "rewrite"):
            output = start(server.url, mode, argument="second", mistaken="yes")
            assert "4 failed, 1 skipped, 1 error" in output
            assert read_files(tmp_path) == recorded
    assert "7 passed" in start(NOWHERE, "none", argument="first")


def test_a_test_that_fails_as_expected_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(XFAIL)
    with HostileServer() as server:
        output = run(tmp_path, server.url, "--spacecall-record=once").stdout
    assert "1 failed, 1 xfailed" in output
    recorded = [path for path in map(Path, read_files(tmp_path)) if SHARED_FOLDER not in path.parts]
    assert [path.name for path in recorded] == ["test_it-different.json"]


def test_a_test_with_a_subtest_that_failed_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SUBTESTS)
    with HostileServer() as server:
        assert "1 failed" in run(tmp_path, server.url, "--spacecall-record=once").stdout
    assert not (tmp_path / "cassettes").exists()


async def call(address: str, *arguments: str) -> None:
    async with Space(address) as space:
        for argument in arguments:
            assert await space.call("/predict", x=argument) == "ok"


@pytest.mark.parametrize("mode", RECORDING_MODES)
@pytest.mark.parametrize("failure", ["exception", "incomplete", "no request"])
async def test_a_block_that_fails_or_makes_no_request_writes_nothing(
    mode: RecordMode, failure: str, tmp_path: Path
) -> None:
    async def record(path: Path) -> None:
        with use_cassette(path, mode=mode, assert_all_used=False) as cassette:
            if failure != "no request":
                await call(server.url, "new")
            cassette.complete = failure != "incomplete"
            if failure == "exception":
                raise LookupError

    with HostileServer() as server:
        with use_cassette(tmp_path / "old.json", mode="once"):
            await call(server.url, "new", "old")
        before = (tmp_path / "old.json").read_bytes()
        for path in (tmp_path / "folder" / "new.json", tmp_path / "old.json"):
            if failure == "exception":
                with pytest.raises(LookupError):
                    await record(path)
            else:
                await record(path)
    assert names(tmp_path) == ["old.json"]
    assert (tmp_path / "old.json").read_bytes() == before


@pytest.mark.parametrize("content", ["", '{"version": 1, "interactions": []}'])
async def test_once_records_a_cassette_that_has_no_requests(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(CassetteMissError, match="--spacecall-record=once"), use_cassette(path):
        await call(NOWHERE, "x")
    with HostileServer() as server, use_cassette(path, mode="once"):
        await call(server.url, "x")
    with use_cassette(path):
        await call(NOWHERE, "x")


async def test_a_block_without_requests_needs_no_cassette(tmp_path: Path) -> None:
    with use_cassette(tmp_path / "missing.json"):
        pass
    with (
        pytest.raises(CassetteMissError, match=r"missing\.json.*\n.*does not exist.*\n.*once"),
        use_cassette(tmp_path / "missing.json"),
    ):
        await call(NOWHERE, "x")
    assert names(tmp_path) == []


async def test_an_incomplete_replay_reports_misses_and_no_unused_requests(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with HostileServer() as server, use_cassette(path, mode="once"):
        await call(server.url, "x")
    with use_cassette(path) as cassette:
        cassette.complete = False
    with (
        pytest.raises(UnusedRequestsError, match=r"--spacecall-record=rewrite\)"),
        use_cassette(path),
    ):
        pass
    incomplete = use_cassette(path)
    incomplete.__enter__().complete = False
    with pytest.raises(CassetteMissError, match=r"a\.json: POST"):
        await call(NOWHERE, "unknown")
    with pytest.raises(CassetteMissError, match=r"a\.json: POST"):
        incomplete.__exit__(None, None, None)


async def test_a_join_that_a_restart_stopped_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    with HostileServer() as server, use_cassette(path, mode="once") as cassette:
        async with Space(server.url) as space:
            assert await space.call("/predict", x="one") == "ok"
            server.config = {**server.config, "app_id": "2"}
            assert await space.call("/predict", x="two") == "ok"
        exchanges = cassette._exchanges  # pyright: ignore[reportPrivateUsage]
        assert [exchange.sent for exchange in exchanges].count(False) == 1
    assert all(exchange.status for exchange in load_cassette(path)[0])
    with use_cassette(path, assert_all_used=False):
        await call(NOWHERE, "one", "two")


async def test_a_call_that_is_given_up_at_another_moment_is_not_a_miss(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with HostileServer() as server, use_cassette(path, mode="once"):
        await call(server.url, "x")
    cassette = json.loads(path.read_text())
    (stream,) = [
        interaction["response"]
        for interaction in cassette["interactions"]
        if "events" in interaction["response"]
    ]
    stream["events"] = stream["events"][:1]  # the job starts, and has no result yet
    stream["end"] = "closed"
    path.write_text(json.dumps(cassette))

    async def give_up(space: Space) -> None:
        async with space.call("/predict", x="x") as job:
            async for event in job:
                if isinstance(event, Started):
                    raise LookupError

    with use_cassette(path):
        async with Space(NOWHERE) as space:
            with pytest.raises(LookupError):
                await give_up(space)


class _BrokenFile(io.RawIOBase):
    """A file that breaks off while it is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise OSError(5, "the disk is broken")


async def test_an_upload_of_a_file_that_cannot_be_read_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    async def send(address: str) -> None:
        async with Space(address) as space:
            with pytest.raises(InvalidInputError, match="the disk is broken"):
                await space.call("/upscale", image=_BrokenFile())
            assert await space.call("/upscale", image=b"a cat") == "ok"

    with serve(painter(FILE), "ok") as server, use_cassette(path, mode="once"):
        await send(server.url)
    exchanges, _ = load_cassette(path)
    assert sum("/upload?" in exchange.url for exchange in exchanges) == 1
    assert all(exchange.status for exchange in exchanges)
    with use_cassette(path):
        await send(NOWHERE)
