"""The cassettes of a project's tests: those that the tests use, and those that none uses."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacecall._regular_files import follow_link
from spacecall.cassettes._format.cassette_file import shared_folder, unused_files
from spacecall.cassettes._inspect.recording import Recording
from spacecall.cassettes.errors import CassetteError

_FOLDER = "cassettes"


@dataclass(frozen=True, slots=True)
class CollectedCassettes:
    """The cassettes of a project's tests.

    Attributes:
        used: by the collected tests, deselected ones included, recorded or not.
        present: in the `cassettes` folders of these tests.
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


def collect_cassettes(tests: Sequence[Path]) -> CollectedCassettes:
    """Collect tests with the pytest of this environment, without running them.

    Args:
        tests: files and folders; if empty, pytest's own choice.

    Raises:
        CassetteError: pytest cannot collect them, or none of them uses a cassette.
    """
    with tempfile.TemporaryDirectory() as temporary:
        listing = Path(temporary) / "cassettes"
        process = subprocess.run(  # noqa: S603 - this interpreter, its own pytest
            [
                *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
                *("--spacecall-list", str(listing), *map(str, tests)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if not listing.is_file() or process.returncode not in (0, 5):
            tail = "\n".join((process.stdout + process.stderr).strip().splitlines()[-20:])
            raise CassetteError(f"pytest cannot collect the tests:\n{tail}")
        used = [Path(line) for line in listing.read_text("utf-8", "surrogateescape").splitlines()]
    if not used:
        places = ", ".join(map(str, tests)) or str(Path.cwd())
        raise CassetteError(
            f"no test in {places} uses a cassette: run the command in the folder of the project, "
            "or name its folders of tests"
        )
    folders = {folder for path in used if (folder := _cassette_folder(path)).is_dir()}
    present = sorted(path for folder in folders for path in folder.rglob("*.json"))
    return CollectedCassettes(used, present)


def find_unused_bodies(recordings: Iterable[Recording]) -> Iterator[Path]:
    """Yield external bodies that no cassette needs, in the folders of these cassettes.

    Args:
        recordings: every readable cassette of the folders.
    """
    recordings = list(recordings)
    needed_bodies = {
        follow_link(recording.path).with_suffix(".bodies"): recording.external_bodies
        for recording in recordings
    }
    folders = {
        folder for path in needed_bodies for folder in _cassette_folder(path).rglob("*.bodies")
    }
    for folder in sorted(folders):
        if folder not in needed_bodies and not folder.with_suffix(".json").is_file():
            yield folder
        elif folder in needed_bodies:
            yield from unused_files(folder, needed_bodies[folder])
    shared: defaultdict[Path, set[str]] = defaultdict(set)
    for recording in recordings:
        shared[shared_folder(recording.path)] |= recording.shared_bodies
    for folder in sorted(filter(Path.is_dir, shared)):
        yield from sorted(path for path in folder.iterdir() if path.name not in shared[folder])


def find_locks(cassettes: Iterable[Path]) -> list[Path]:
    """List the lock files of recordings in the folders of these cassettes."""
    folders = {_cassette_folder(path) for path in cassettes}
    return sorted(path for folder in folders for path in folder.rglob(".*.json.lock"))


def _cassette_folder(cassette: Path) -> Path:
    """Return the `cassettes` folder that contains a path."""
    folders = (folder for folder in cassette.parents if folder.name == _FOLDER)
    return next(folders, cassette.parent)
