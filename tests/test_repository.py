"""The repository stands alone: nothing in it depends on where it was written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import LONGEST_FILES

ROOT = Path(__file__).resolve().parent.parent

# Written in parts, so that this file does not name what it looks for.
_REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb" + "ian.org")
_MACHINE_PATH = re.compile(
    rb"(?<![\w.~}/-])/(?:work|root|opt|home/\w+|Users/\w+|tmp)/(?!gradio/)\w"
)


def _files() -> list[Path]:
    """Every file that git tracks, or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:  # an unpacked release
        parts = (path for path in ROOT.iterdir() if not path.name.startswith("."))
        files = (file for part in parts for file in (part, *part.rglob("*")))
        return [path for path in files if path.is_file() and path.suffix != ".pyc"]
    paths = (ROOT / name for name in done.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_package_registry() -> None:
    names = [name.encode() for name in _REGISTRIES]
    offenders = {
        str(path.relative_to(ROOT))
        for path in _files()
        if any(name in path.read_bytes().lower() for name in names)
    }
    assert not offenders


def test_no_file_names_a_path_of_one_machine() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in _files()
        if path != Path(__file__)
        for match in _MACHINE_PATH.finditer(path.read_bytes())
    ]
    assert not offenders, "\n".join(offenders)


def test_no_symbolic_link_is_tracked() -> None:
    """A tracked `.cache` replaces the folder of the environments in the tree that merges it."""
    command = ["git", "ls-files", "-z", "--stage"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    entries = done.stdout.decode().split("\0")
    links = [entry.partition("\t")[2] for entry in entries if entry.startswith("120000 ")]
    assert not links, f"take them out of the commit: git rm --cached {' '.join(links)}"


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_requirements_are_pinned_and_say_no_address(lock: Path) -> None:
    lines = [line.split(";")[0].strip() for line in lock.read_text().splitlines()]
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements
    assert not [line for line in requirements if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)]


def test_every_command_is_executable() -> None:
    for name in ("scripts/test", "scripts/demo", "scripts/check", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_the_files_that_run_first_exist() -> None:
    assert [name for name in LONGEST_FILES if not (ROOT / "tests" / name).is_file()] == []
