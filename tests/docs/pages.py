"""The project's pages, and the blocks of code in them.

A comment on the line before a block says where it comes from::

    <!-- docs/examples/hello.py -->            the block is lines of that file
    <!-- docs/examples/hello.py prints -->     the block is lines of what that program prints
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
APP = DOCS / "examples" / "app.py"

_SOURCE = re.compile(r"<!-- (?P<path>\S+?)(?P<prints> prints)? -->")
_FENCE = re.compile(r"^```(?P<language>\w*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        line: of the opening fence, counted from 1.
        source: the file it is said to come from, relative to the repository; empty for none.
        prints: whether it is what that file prints, and not the file's text.
    """

    page: Path
    line: int
    language: str
    text: str
    source: str
    prints: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page that the project's readers see."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def examples() -> list[Path]:
    """The programs that are run with an app's address as their argument."""
    programs = [*DOCS.glob("examples/*.py"), *DOCS.glob("project/*.py")]
    return sorted(path for path in programs if path != APP)


def blocks() -> list[Block]:
    """The blocks of every page."""
    return [block for page in pages() for block in _blocks(page)]


def _blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence:
            end = lines.index("```", number + 1)
            comment = _SOURCE.fullmatch(lines[number - 1]) if number else None
            yield Block(
                page=page,
                line=number + 1,
                language=fence["language"],
                text="\n".join(lines[number + 1 : end]),
                source=comment["path"] if comment else "",
                prints=bool(comment and comment["prints"]),
            )
            number = end
        number += 1


def quotes(text: str, document: str) -> bool:
    """Tell whether `text` is consecutive lines of `document`, apart from a common indent."""
    quoted = [line.rstrip() for line in text.splitlines()]
    lines = [line.rstrip() for line in document.splitlines()]
    starts = range(len(lines) - len(quoted) + 1)
    return any(_is_quote(quoted, lines[start : start + len(quoted)]) for start in starts)


def _is_quote(quoted: Sequence[str], excerpt: Sequence[str]) -> bool:
    indent = next((len(b) - len(a) for a, b in zip(quoted, excerpt, strict=True) if a), 0)
    return indent >= 0 and list(excerpt) == [" " * indent + a if a else "" for a in quoted]
