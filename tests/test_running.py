"""Running the tests: a program that is missing leaves tests out, and the run says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import _programs

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    "tests/cassettes/test_timeline_page.py::"
    "test_a_browser_shows_the_page_readably_at_both_widths_and_in_both_themes",
    "tests/faults/test_certificates.py",
    "tests/matrix/test_proxies.py",
    "tests/test_running.py::test_a_program_is_found_where_only_root_looks",
)
WITHOUT_PROGRAMS = """
import sys
import pytest
from scripts import _programs
_programs.EXTRA_FOLDERS = ()
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
"""


def run_without_programs(folder: Path, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run `TESTS` on a machine that has none of the programs."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"PATH": str(folder), "CI": str(ci).lower(), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PROGRAMS, *TESTS],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_tests_are_left_out_with_a_count_and_what_to_install(tmp_path: Path) -> None:
    done = run_without_programs(tmp_path, ci=False)
    assert done.returncode == 0, done.stdout + done.stderr
    closing = [line for line in done.stdout.splitlines() if line.startswith("left out: ")]
    assert [re.sub(r"\d+ tests?", "N tests", line) for line in closing] == [
        "left out: N tests (chromedriver is missing: apt-get install chromium chromium-driver)",
        "left out: N tests (nginx is missing: apt-get install nginx-light)",
        "left out: N tests (openssl is missing: apt-get install openssl)",
    ]
    assert "1 passed" in done.stdout


def test_a_missing_program_is_a_failure_in_ci(tmp_path: Path) -> None:
    done = run_without_programs(tmp_path, ci=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "left out" not in done.stdout
    assert "nginx is missing: apt-get install nginx-light" in done.stdout


@pytest.mark.parametrize(
    ("options", "shown"),
    [([], False), (["--all-pairs"], True), (["-k", "trio and 5.50"], True)],
    ids=["by-default", "all-pairs", "asked-for"],
)
def test_releases_of_one_protocol_run_once_on_trio(options: list[str], *, shown: bool) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/client/test_calls_without_queue.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    assert ("[gradio-5.50.0-trio" in done.stdout) is shown
    assert shown or "[gradio-5.50.0-asyncio" in done.stdout


def test_a_program_is_found_where_only_root_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_programs, "EXTRA_FOLDERS", (str(tmp_path / "sbin"),))
    assert _programs.find_program("nginx") is None
    program = tmp_path / "sbin" / "nginx"
    program.parent.mkdir()
    program.touch(mode=0o755)
    assert _programs.find_program("nginx") == str(program)


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_the_command_says_at_once_what_is_missing(
    ci: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(_programs, "EXTRA_FOLDERS", ())
    assert _programs.main() == code
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["nginx", "chromedriver", "openssl"]
