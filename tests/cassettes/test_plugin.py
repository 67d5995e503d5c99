"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.forks import PYTEST_FILTERS, run_module
from tests.servers import AppServer

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"
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
        with pytest.raises(ConnectionRefusedError, match="a cassette is being replayed"):
            socket.create_connection(("127.0.0.1", 9))


def test_nothing_of_it():
    with pytest.raises(ConnectionRefusedError) as caught:
        socket.create_connection(("127.0.0.1", 9))
    assert "cassette" not in str(caught.value)
"""

OTHERS = """
import os
import httpx, pytest
from spacecall import Space, SyncSpace

URL = os.environ["APP"]


@pytest.mark.spacecall
@pytest.mark.asyncio
async def test_pytest_asyncio():
    async with Space(URL) as space:
        assert await space.call("/echo", text="hi") == "hi"


@pytest.mark.vcr
def test_pytest_recording():
    assert httpx.get(RECORDED + "/config").is_success


@pytest.mark.vcr
@pytest.mark.spacecall
def test_both():
    with SyncSpace(URL) as space:
        assert space.call("/echo", text="hi").result() == "hi"
    assert httpx.get(RECORDED + "/config").is_success
"""
FAILING = """
import os
import pytest
from spacecall import SyncSpace


@pytest.mark.spacecall("named")
def test_it():
    assert 1 == 2


@pytest.mark.spacecall("named")
def test_swallowed():
    with SyncSpace(os.environ["APP"]) as space:
        try:
            space.call("/echo", text="never said").result()
        except Exception:
            pass
"""


def run(
    folder: Path, url: str, *arguments: str, plugins: tuple[str, ...] = ("-p", "no:asyncio")
) -> subprocess.CompletedProcess[str]:
    return run_module(
        "pytest",
        ["-q", "-p", "no:cacheprovider", *PYTEST_FILTERS, *plugins, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "APP": url},
        timeout=100,
        folder=folder,
    )


def test_it_records_and_replays(protocol_app_6: AppServer, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS)
    missing = run(tmp_path, protocol_app_6.url)
    assert "pytest --spacecall-record=once" in missing.stdout
    recorded = run(tmp_path, protocol_app_6.url, "--spacecall-record=once")
    assert recorded.returncode == 0, recorded.stdout
    cassettes = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    assert cassettes == [
        "cassettes/named.json",
        "cassettes/test_mine/test_fixture.json",
        "cassettes/test_mine/test_sync.json",
    ]
    for options in ([], ["-n", "2"]):
        replayed = run(tmp_path, NOWHERE, *options)
        assert replayed.returncode == 0, replayed.stdout


def test_it_gets_along_with_pytest_asyncio_and_pytest_recording(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    plugins = ("-o", "asyncio_default_fixture_loop_scope=function")
    url = protocol_app_6.url
    (tmp_path / "test_others.py").write_text(OTHERS.replace("RECORDED", repr(url)))
    record = ("--spacecall-record=once", "--record-mode=once")
    recorded = run(tmp_path, url, *record, plugins=plugins)
    assert recorded.returncode == 0, recorded.stdout
    names = sorted(path.name for path in (tmp_path / "cassettes" / "test_others").iterdir())
    assert [name for name in names if not name.endswith(".bodies")] == [
        *("test_both.json", "test_both.yaml", "test_pytest_asyncio.json"),
        "test_pytest_recording.yaml",
    ]
    replayed = run(tmp_path, NOWHERE, "--block-network", plugins=plugins)
    assert replayed.returncode == 0, replayed.stdout


def test_unused_requests_of_a_failed_test_are_not_reported_but_a_suppressed_miss_is(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS)
    recorded = run(tmp_path, protocol_app_6.url, "--spacecall-record=once", "-k", "test_anyio")
    assert recorded.returncode == 0, recorded.stdout
    (tmp_path / "test_mine.py").write_text(FAILING)
    done = run(tmp_path, NOWHERE, "-k", "test_it")
    assert "assert 1 == 2" in done.stdout
    assert "requests that were not made" not in done.stdout
    done = run(tmp_path, NOWHERE, "-k", "test_swallowed")
    assert 'body.data[0]: "never said" (recorded: "hi")' in done.stdout


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, NOWHERE, "--spacecall-record=sometimes")
    assert "invalid choice: 'sometimes'" in done.stderr


def test_a_cassette_cannot_leave_the_folder_of_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_out.py").write_text(
        "import pytest\n@pytest.mark.spacecall('../../elsewhere')\ndef test_it(): pass\n"
    )
    done = run(tmp_path, NOWHERE, "test_out.py")
    assert "CassetteError: the cassette of a test must be in the folder of the test" in done.stdout


MISSES = """
import pytest
from spacecall import SyncSpace


def connect():
    with SyncSpace("http://127.0.0.1:9"):
        pass


@pytest.mark.spacecall
def test_raised():
    connect()


@pytest.mark.spacecall
def test_chained():
    try:
        connect()
    except Exception as error:
        raise LookupError from error


@pytest.mark.spacecall
def test_suppressed():
    try:
        connect()
    except Exception:
        pass


@pytest.fixture
def later(space_cassette):
    connect()


def test_in_a_fixture(later):
    pass
"""


def test_a_miss_is_reported_once_with_the_cassette_and_the_option(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(MISSES)
    output = run(tmp_path, NOWHERE).stdout
    assert "2 failed, 1 passed, 2 errors" in output
    for test in ("test_raised", "test_chained", "test_suppressed", "test_in_a_fixture"):
        assert f"not in the cassette {tmp_path}/cassettes/test_mine/{test}.json" in output
    assert output.count("pytest --spacecall-record=once, or mode='once'") >= 4


def test_the_report_of_a_miss_has_the_lines_of_the_test_only(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(MISSES)
    output = run(tmp_path, NOWHERE).stdout
    assert "src/spacecall" not in output
    assert "_pytest" not in output
    assert output.count('>       with SyncSpace("http://127.0.0.1:9"):') == 4
    assert len(output.splitlines()) < 150
    in_full = run(tmp_path, NOWHERE, "--full-trace", "-k", "test_raised").stdout
    assert "src/spacecall" in in_full


SECRET = """
import pytest
from spacecall import SyncSpace


@pytest.mark.spacecall
def test_it():
    with SyncSpace(URL) as space:
        space.call("/echo", text="hf_" + "abcdefghij" * 4).result()
"""


def test_a_secret_is_reported_in_a_few_lines(protocol_app_6: AppServer, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SECRET.replace("URL", repr(protocol_app_6.url)))
    done = run(tmp_path, NOWHERE, "--spacecall-record=once")
    assert "SecretFoundError: " in done.stdout
    assert "abcdefghij" * 4 not in done.stdout
    assert "src/spacecall" not in done.stdout
    assert len(done.stdout.splitlines()) < 20
    assert not list(tmp_path.rglob("*.json"))
