"""Which cassette a test has: one of its own, on every file system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from spacecall._filenames import safe_name

__all__ = ["cassette_name", "clashes"]

_LONGEST: Final = 100
"""Bytes of a folder's or a test's name, without the hash of a longer one."""

# What no file system takes for another name. Classes and functions are told apart by `clashes`.
_PARAMETERS: Final = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")
_TEST: Final = re.compile(r"(?P<function>\w+)(?:\[(?P<parameters>.+)\])?", re.ASCII | re.DOTALL)


def cassette_name(module: str, classes: Sequence[str], test: str) -> str:
    """Return the path of a test's cassette in its folder `cassettes`, without the suffix.

    A name that is not one of a file as it is, or is too long, is shortened to one that is, and
    ends with a hash of all of it.

    Args:
        module: the name of the test's file, without its suffix.
        classes: that the test is in, outermost first.
        test: its name, with its parameters in brackets.
    """
    matched = _TEST.fullmatch(test)
    parameters = matched["parameters"] if matched else None
    if matched is None or (parameters and not _PARAMETERS.fullmatch(parameters)):
        plain = ""
    else:
        plain = f"{matched['function']}-{parameters}" if parameters else test
    folders = [_component(name, name) for name in (module, *classes)]
    return "/".join((*folders, _component(test, plain)))


def clashes(tests: Iterable[tuple[str, Path, bool]]) -> dict[str, str]:
    """Return what to say of each test that would share a cassette by accident, by its id.

    Args:
        tests: id, cassette, and whether the test names its cassette, of each.
    """
    groups: defaultdict[str, dict[str, tuple[Path, bool]]] = defaultdict(dict)
    for test, path, is_named in tests:
        key = unicodedata.normalize("NFC", str(path)).casefold()
        groups[key].setdefault(test, (path, is_named))
    problems: dict[str, str] = {}
    for users in groups.values():
        (first, (path, _)), *others = users.items()
        unnamed = sum(not is_named for _, is_named in users.values())
        for test, (used, _) in others:
            if unnamed > 1 or used != path:
                name = f"{used.parent.name}/{used.name}"
                problems[test] = (
                    f"{first} and {test} would share the cassette {name}: rename one, "
                    'or name a cassette with @pytest.mark.spacecall("name")'
                )
                problems.setdefault(first, problems[test])
    return problems


def _component(name: str, plain: str) -> str:
    """Return a name of a file or folder for `name`: `plain` where that is one."""
    if plain and len(plain.encode("utf-8", "replace")) <= _LONGEST and safe_name(plain) == plain:
        return plain
    folded = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:_LONGEST]
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:10]
    return safe_name(f"{folded}-{digest}" if folded else digest)
