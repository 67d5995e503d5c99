"""One command at a time writes a project; what a killed one leaves is no obstacle."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spacecall import _atomic
from spacecall._atomic import write_files
from spacecall.codegen._project.client_builder import add_client
from spacecall.codegen._project.client_refresh import refresh_client
from spacecall.codegen._project.configuration import read_configuration
from spacecall.codegen._project.project_clients import list_clients
from spacecall.codegen._project.project_lock import PROJECT_LOCK_FILE, project_lock
from spacecall.errors import InvalidInputError
from tests.codegen.apps import Function, app

HOLD = """
import sys
from pathlib import Path
from spacecall.codegen._project.project_lock import project_lock
with project_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(root: Path) -> Generator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_it_waits_for_another_process_and_leaves_no_file(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        assert process.stdin is not None
        threading.Timer(0.1, process.stdin.close).start()
        with project_lock(tmp_path, wait=30):
            assert (tmp_path / PROJECT_LOCK_FILE).is_file()
    assert not list(tmp_path.iterdir())


def test_it_says_which_process_it_waited_for_and_what_to_do(tmp_path: Path) -> None:
    with (
        holder(tmp_path) as process,
        pytest.raises(
            OSError, match=r"process \d+\) is writing this project: run it again"
        ) as caught,
        project_lock(tmp_path, wait=0.05),
    ):
        pass
    assert f"(process {process.pid})" in str(caught.value)


def test_the_file_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait(30)
        assert (tmp_path / PROJECT_LOCK_FILE).is_file()
        with project_lock(tmp_path, wait=0):
            pass
    assert not list(tmp_path.iterdir())


def test_it_does_not_follow_a_symlink(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / PROJECT_LOCK_FILE).symlink_to(victim)
    with pytest.raises(OSError, match=PROJECT_LOCK_FILE), project_lock(tmp_path, wait=0):
        pass
    assert victim.read_text() == "mine"


def test_concurrent_commands_leave_a_project_of_one_of_them(tmp_path: Path) -> None:
    versions = [app(Function(f"version_{number}"), title="Same") for number in range(4)]
    versions = [replace(version, source="http://127.0.0.1:7860") for version in versions]
    add_client(versions[0], tmp_path)
    (client,) = list_clients(read_configuration(tmp_path))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(refresh_client, [client] * 12, versions * 3))
    (client,) = list_clients(read_configuration(tmp_path))
    assert client.module.read_text() == client.render()
    assert not (tmp_path / PROJECT_LOCK_FILE).exists()


def test_of_two_apps_that_are_added_at_once_under_one_name_one_is_refused(tmp_path: Path) -> None:
    apps = [app(Function(owner), source=f"{owner}/demo") for owner in ("alice", "bob")]

    def add(number: int) -> str:
        try:
            return add_client(apps[number], tmp_path).folder.lock.source
        except InvalidInputError:
            return ""

    with ThreadPoolExecutor(2) as threads:
        added = sorted(threads.map(add, range(2)))
    assert added[0] == ""
    (client,) = list_clients(read_configuration(tmp_path))
    assert client.source == added[1]
    assert client.module.read_text() == client.render()


@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_interrupt_leaves_all_new_files_or_all_old_ones(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in "abc"]
    write_files(dict.fromkeys(paths, b"old"), tmp_path)
    publish = _atomic.Replacement.publish
    published: list[object] = []

    def interrupted(self: _atomic.Replacement) -> Path:
        published.append(self)
        if len(published) == after + 1:
            raise KeyboardInterrupt
        return publish(self)

    monkeypatch.setattr(_atomic.Replacement, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_files(dict.fromkeys(paths, b"new"), tmp_path)
    assert {path.read_bytes() for path in paths} == {b"new"}
    assert sorted(tmp_path.iterdir()) == paths
