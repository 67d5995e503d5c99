"""The cassettes of a project's tests: which there are, and which its tests use."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacecall.cassettes._inspect.recording import Recording
from spacecall.cassettes.errors import CassetteError

_FOLDER = "cassettes"


@dataclass(frozen=True, slots=True)
class Collected:
    """What the tests of a project use.

    Attributes:
        used: the cassettes of the collected tests, recorded or not.
        present: those in the `cassettes` folders of these tests.
    """

    used: Sequence[Path]
    present: Sequence[Path]

    @property
    def orphans(self) -> list[Path]:
        """Cassettes that no collected test uses."""
        return sorted({*self.present} - {*self.used})

    @property
    def missing(self) -> list[Path]:
        """Cassettes that have not been recorded."""
        return sorted({path for path in self.used if not path.is_file()})


def collect(tests: Sequence[Path]) -> Collected:
    """Collect tests with the pytest of this environment, without running them.

    Args:
        tests: files and folders; pytest's own choice if there are none.

    Raises:
        CassetteError: pytest cannot collect them.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "cassettes"
        done = subprocess.run(  # noqa: S603 - this interpreter, its own pytest
            [
                *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
                *("--spacecall-list", str(listed), *map(str, tests)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if not listed.is_file() or done.returncode not in (0, 5):
            told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
            raise CassetteError(f"pytest cannot collect the tests:\n{told}")
        used = [Path(line) for line in listed.read_text("utf-8", "surrogateescape").splitlines()]
    places = {place for path in used if (place := _folder(path)).is_dir()}
    return Collected(used, sorted(path for place in places for path in place.rglob("*.json")))


def loose_bodies(recordings: Iterable[Recording]) -> Iterator[Path]:
    """Files of bodies that no cassette needs, of the folders that these cassettes are in.

    Args:
        recordings: every readable cassette of the folders.
    """
    needed = {one.path.with_suffix(".bodies"): one.beside for one in recordings}
    folders = {folder for path in needed for folder in _folder(path).rglob("*.bodies")}
    for folder in sorted(folders):
        if folder not in needed and not folder.with_suffix(".json").is_file():
            yield folder
        elif folder in needed:
            yield from sorted(one for one in folder.iterdir() if one.name not in needed[folder])


def _folder(cassette: Path) -> Path:
    """The `cassettes` folder that a path is in."""
    return next((one for one in cassette.parents if one.name == _FOLDER), cassette.parent)
