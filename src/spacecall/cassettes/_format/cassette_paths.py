"""The path of each test's cassette: unique on every file system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from spacecall._filenames import safe_name

__all__ = ["cassette_path_of", "find_name_clashes"]

_MAX_NAME: Final = 100
"""Bytes of a folder's or a test's name, without the hash of a longer name."""

# Parameters that are different names on every file system.
# Names of classes and functions that differ in case alone are found by `find_name_clashes`.
_PARAMETERS: Final = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")
_TEST: Final = re.compile(r"(?P<function>\w+)(?:\[(?P<parameters>.+)\])?", re.ASCII | re.DOTALL)


def cassette_path_of(module: str, classes: Sequence[str], test: str) -> str:
    """Return the path of a test's cassette in its folder `cassettes`, without the suffix.

    A name that is too long, is not a file name everywhere, or may equal another one where case is
    ignored, is shortened and ends with a hash of the full name.

    Args:
        module: the name of the test's file, without its suffix.
        classes: that contain the test, outermost first.
        test: its name, with its parameters in brackets.
    """
    matched = _TEST.fullmatch(test)
    parameters = matched["parameters"] if matched else None
    if matched is None or (parameters and not _PARAMETERS.fullmatch(parameters)):
        readable = ""
    else:
        readable = f"{matched['function']}-{parameters}" if parameters else test
    folders = [_portable_name(name, name) for name in (module, *classes)]
    return "/".join((*folders, _portable_name(test, readable)))


def find_name_clashes(tests: Iterable[tuple[str, Path, bool]]) -> dict[str, str]:
    """Return an error message for each test that would share a cassette by accident, by its id.

    Args:
        tests: id, cassette path, and whether the test names its cassette.
    """
    groups: defaultdict[str, dict[str, tuple[Path, bool]]] = defaultdict(dict)
    for test, path, is_named in tests:
        key = unicodedata.normalize("NFC", str(path)).casefold()
        groups[key].setdefault(test, (path, is_named))
    problems: dict[str, str] = {}
    for users in groups.values():
        (first, (path, _)), *later_users = users.items()
        unnamed = sum(not is_named for _, is_named in users.values())
        for test, (later_path, _) in later_users:
            if unnamed > 1 or later_path != path:
                name = f"{later_path.parent.name}/{later_path.name}"
                problems[test] = (
                    f"{first} and {test} would share the cassette {name}: rename one, "
                    'or name a cassette with @pytest.mark.spacecall("name")'
                )
                problems.setdefault(first, problems[test])
    return problems


def _portable_name(name: str, readable: str) -> str:
    """Return a file or folder name for `name`: `readable` if it is valid, else a shortened name."""
    if (
        readable
        and len(readable.encode("utf-8", "replace")) <= _MAX_NAME
        and safe_name(readable) == readable
    ):
        return readable
    folded = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:_MAX_NAME]
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:10]
    return safe_name(f"{folded}-{digest}" if folded else digest)
