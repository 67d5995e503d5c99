"""Find the line of a JSON file that a JSON pointer leads to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from spacecall._regular_files import read_document
from spacecall.codegen._drift.findings import Finding

__all__ = ["escape_segment", "line_of", "locate_findings"]

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


def escape_segment(segment: str) -> str:
    """Escape one segment of a JSON pointer."""
    return segment.replace("~", "~0").replace("/", "~1")


def line_of(text: str, pointer: str) -> int:
    """Return the line of the member at `pointer`, from 1, or of its nearest parent that exists.

    Args:
        text: the JSON document.
        pointer: RFC 6901.
    """
    start = value_start = _skip_space(text, 0)
    for segment in pointer.split("/")[1:]:
        member = _find_member(text, value_start, segment.replace("~1", "/").replace("~0", "~"))
        if member is None:
            break
        start, value_start = member
    return text.count("\n", 0, start) + 1


def locate_findings(
    findings: Iterable[Finding], folder: Path, display_folder: Path
) -> list[Finding]:
    """Add paths and lines in a schema folder to findings.

    Locations in other files stay as they are.

    Args:
        findings: findings with bare file names.
        folder: the pinned schema folder.
        display_folder: the folder's path in the findings.
    """

    @cache
    def content(name: str) -> str | None:
        try:
            return read_document(folder / name).decode()
        except (OSError, UnicodeDecodeError):
            return None

    located_findings: list[Finding] = []
    for finding in findings:
        location, text = (
            finding.location,
            content(finding.location.file) if finding.location.file else None,
        )
        if text is not None:
            path = (display_folder / location.file).as_posix()
            location = replace(location, file=path, line=_line_or_first(text, location.pointer))
        located_findings.append(replace(finding, location=location))
    return located_findings


def _line_or_first(text: str, pointer: str) -> int:
    try:
        return line_of(text, pointer)
    except (ValueError, IndexError, RecursionError):
        return 1


def _find_member(text: str, start: int, name: str) -> tuple[int, int] | None:
    """Return where a member (its key) or an item begins, and where its value begins."""
    if text[start] not in "{[":
        return None
    closing = "}" if text[start] == "{" else "]"
    position, number = _skip_space(text, start + 1), 0
    while text[position] != closing:
        begin, key = position, str(number)
        if closing == "}":
            key, position = _DECODER.raw_decode(text, position)
            position = _skip_space(text, position)
        if key == name:
            return begin, position
        _, position = _DECODER.raw_decode(text, position)
        position, number = _skip_space(text, position), number + 1
    return None


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
