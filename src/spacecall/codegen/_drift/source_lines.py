"""From a JSON pointer to a line of a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from spacecall.codegen._drift.findings import Finding

__all__ = ["escape", "line_of", "located"]

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


def escape(segment: str) -> str:
    """One segment of a JSON pointer."""
    return segment.replace("~", "~0").replace("/", "~1")


def line_of(text: str, pointer: str) -> int:
    """The line, from 1 on, of the member that `pointer` leads to, or of the nearest one above it.

    Args:
        text: JSON.
        pointer: RFC 6901.
    """
    start = here = _after_space(text, 0)
    for segment in pointer.split("/")[1:]:
        found = _member(text, here, segment.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
        start, here = found
    return text.count("\n", 0, start) + 1


def located(findings: Iterable[Finding], folder: Path, root: Path) -> list[Finding]:
    """The findings with paths and lines of the files in a schema folder.

    Places that are in none of its files stay as they are.

    Args:
        findings: with the files' own names.
        folder: the schema folder of the pinned side.
        root: what paths are written relative to, if the folder is below it.
    """

    @cache
    def content(name: str) -> str | None:
        try:
            return (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    absolute, base = folder.resolve(), root.resolve()
    shown = absolute.relative_to(base) if absolute.is_relative_to(base) else folder
    made: list[Finding] = []
    for one in findings:
        place, text = one.place, content(one.place.file) if one.place.file else None
        if text is not None:
            path = (shown / place.file).as_posix()
            place = replace(place, file=path, line=_line(text, place.pointer))
        made.append(replace(one, place=place))
    return made


def _line(text: str, pointer: str) -> int:
    try:
        return line_of(text, pointer)
    except (ValueError, IndexError, RecursionError):
        return 1


def _member(text: str, start: int, wanted: str) -> tuple[int, int] | None:
    """Where a member begins (its key, in an object) and where its value does."""
    if text[start] not in "{[":
        return None
    closing = "}" if text[start] == "{" else "]"
    position, number = _after_space(text, start + 1), 0
    while text[position] != closing:
        begin, key = position, str(number)
        if closing == "}":
            key, position = _DECODER.raw_decode(text, position)
            position = _after_space(text, position)
        if key == wanted:
            return begin, position
        _, position = _DECODER.raw_decode(text, position)
        position, number = _after_space(text, position), number + 1
    return None


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
