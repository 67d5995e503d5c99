"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import AppServer

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import os, socket
import pytest
from spacecall import Space, SyncSpace

URL = os.environ["APP"]


@pytest.mark.spacecall
def test_sync():
    with SyncSpace(URL) as space:
        assert space.call("/echo", text="hi").result() == "hi"


@pytest.mark.spacecall("named")
@pytest.mark.anyio
async def test_anyio():
    async with Space(URL) as space:
        assert await space.call("/echo", text="hi") == "hi"


def test_fixture(space_cassette):
    with SyncSpace(URL) as space:
        space.call("/echo", text="hi").result()
    if not space_cassette.recording:
        with pytest.raises(ConnectionRefusedError, match="a cassette is replayed"):
            socket.create_connection(("127.0.0.1", 9))


def test_nothing_of_it():
    with pytest.raises(ConnectionRefusedError) as caught:
        socket.create_connection(("127.0.0.1", 9))
    assert "cassette" not in str(caught.value)
"""


def run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(TESTS)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-W", "error", *arguments),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "APP": url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_records_and_replays(protocol_app_6: AppServer, tmp_path: Path) -> None:
    missing = run(tmp_path, protocol_app_6.url)
    assert "record it with mode='once'" in missing.stdout
    recorded = run(tmp_path, protocol_app_6.url, "--spacecall-record=once")
    assert recorded.returncode == 0, recorded.stdout
    cassettes = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    assert cassettes == [
        "cassettes/named.json",
        "cassettes/test_mine/test_fixture.json",
        "cassettes/test_mine/test_sync.json",
    ]
    for more in ([], ["-n", "2"]):
        replayed = run(tmp_path, "http://127.0.0.1:9", *more)
        assert replayed.returncode == 0, replayed.stdout


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "http://127.0.0.1:9", "--spacecall-record=sometimes")
    assert "invalid choice: 'sometimes'" in done.stderr


def test_a_cassette_cannot_leave_the_folder_of_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_out.py").write_text(
        "import pytest\n@pytest.mark.spacecall('../../elsewhere')\ndef test_it(): pass\n"
    )
    done = run(tmp_path, "http://127.0.0.1:9", "test_out.py")
    assert "CassetteError: a cassette is in the folder of its test" in done.stdout
