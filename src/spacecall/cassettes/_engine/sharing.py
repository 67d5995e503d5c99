"""A cassette that several tests share, in one run of pytest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacecall._core.json_values import as_str_list
from spacecall.cassettes.errors import CassetteError

__all__ = ["SharedRun", "Sharing"]


@dataclass(slots=True)
class SharedRun:
    """What the tests of a run have done so far with the cassette that they share.

    Attributes:
        tests: the names of the collected tests that share it, each `file::test`.
        selected: those of them that are run.
        files: the names of the files whose tests were all collected.
        is_worker: whether other processes run some of the tests.
        used: the positions of the recorded requests that each test has made.
        passed: the tests that have passed.
    """

    tests: Collection[str]
    selected: Collection[str]
    files: Collection[str]
    is_worker: bool = False
    used: dict[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    passed: set[str] = field(default_factory=set[str])

    def find_left_out(self, folder: Path, recorded_by: Iterable[str]) -> list[str]:
        """Return the tests that share the cassette and are not run.

        Args:
            folder: of the tests.
            recorded_by: the tests that the cassette names. In a file whose tests were all
                collected, a test that was not found has been removed.
        """
        left_out = {*self.tests} - {*self.selected}
        for test in {*recorded_by} - {*self.tests}:
            file = test.partition("::")[0]
            if file not in self.files and (folder / file).is_file():
                left_out.add(test)
        return sorted(left_out)


@dataclass(frozen=True, slots=True)
class Sharing:
    """The part of one test in a `SharedRun`."""

    run: SharedRun
    test: str
    folder: Path

    @property
    def used_by_others(self) -> frozenset[int]:
        """The positions of the recorded requests that the other tests have made."""
        return frozenset[int]().union(
            *(used for test, used in self.run.used.items() if test != self.test)
        )

    def is_last(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether all tests have passed: then the requests that none made are unused."""
        left_out = self.run.find_left_out(self.folder, as_str_list(metadata.get("tests")))
        return not left_out and self.run.passed >= {*self.run.tests}

    def is_new(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether other tests have recorded the cassette, and this one has not."""
        tests = as_str_list(metadata.get("tests"))
        return bool(tests) and self.test not in tests

    def find_others(self, metadata: Mapping[str, Any]) -> frozenset[str]:
        """Return the other tests that share the cassette, in this run or not."""
        left_out = self.run.find_left_out(self.folder, as_str_list(metadata.get("tests")))
        return frozenset({*self.run.tests, *left_out} - {self.test})

    def check_recording(self, path: Path, metadata: Mapping[str, Any], *, is_rewrite: bool) -> None:
        """Refuse a recording that would lose requests of the other tests.

        Raises:
            CassetteError: other processes record it too, or tests are left out of the run.
        """
        if self.run.is_worker and len(self.run.tests) > 1:
            raise CassetteError(
                f"{path} is shared by {len(self.run.tests)} tests: record it without pytest-xdist "
                "(-n 0)"
            )
        left_out = self.run.find_left_out(self.folder, as_str_list(metadata.get("tests")))
        if is_rewrite and left_out:
            raise CassetteError(
                f"mode rewrite would remove the requests of other tests from {path}: run "
                f"{', '.join(left_out)} too, or use --spacecall-record=all"
            )

    def note_pass(self, used: frozenset[int]) -> None:
        """Note that the test has passed, and which recorded requests it has made."""
        self.run.passed.add(self.test)
        self.run.used[self.test] = used

    def tests_of(self, metadata: Mapping[str, Any], *, is_rewrite: bool) -> list[str]:
        """Return the tests that a cassette names after this one has recorded it.

        Args:
            metadata: of the cassette.
            is_rewrite: whether the requests of tests that were removed are removed too.
        """
        before = {*as_str_list(metadata.get("tests"))}
        if is_rewrite:
            before &= self.find_others(metadata)
        return sorted({*before, self.test})
