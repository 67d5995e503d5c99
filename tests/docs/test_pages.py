"""Links lead somewhere; errors, options and public names are explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import spacecall
from spacecall import Auth, Limits, Retry, Timeouts, errors
from tests.docs.pages import DOCS, ROOT, pages

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_OPTIONS = [
    (kind, field.name) for kind in (Timeouts, Retry, Limits, Auth) for field in fields(kind)
]


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """The names that a page's headings get."""
    headings = re.findall(r"^#+ +(.+)$", _FENCED.sub("", _text(page)), re.MULTILINE)
    titles = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in titles}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCED.sub("", _text(page))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


def test_every_page_is_in_the_index() -> None:
    indexes = (DOCS / "README.md", DOCS / "decisions" / "README.md")
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for index in indexes
        for target in _LINK.findall(_text(index))
    }
    assert {page for page in pages() if page.is_relative_to(DOCS)} - {indexes[0]} <= linked


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_an_error_is_explained(name: str) -> None:
    rows = re.findall(rf"^\| `{name}` \|.+\|.+\|$", _text(DOCS / "errors.md"), re.MULTILINE)
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("kind", "name"), _OPTIONS, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_option_is_explained_with_its_default(kind: type[Any], name: str) -> None:
    row = re.compile(rf"^\| `{kind.__name__}\.{name}` \| (?P<default>\S.*?) \|.+\|$", re.MULTILINE)
    defaults = [match["default"] for page in pages() for match in row.finditer(_text(page))]
    assert defaults == [_format_default(getattr(kind(), name))]


def _format_default(default: object) -> str:
    match default:
        case None:
            return "none"
        case frozenset() | dict():
            return "none"
        case int() if default and default % 2**20 == 0:
            return f"{default // 2**20} MiB"
        case int() | float():
            return f"{default:g}"
        case str():
            return f'`"{default}"`'
        case _:
            raise TypeError(default)


@pytest.mark.parametrize("name", spacecall.__all__)
def test_a_public_name_is_on_a_page(name: str) -> None:
    pattern = re.compile(rf"\b{name}\b")
    assert any(pattern.search(_text(page)) for page in DOCS.glob("*.md"))


# Phrases of a private dialect, each with plain words for the same.
_PHRASES = {
    r"(?<!here )\b(?:is|are|was|were) no (?!longer\b)\w": "is not a",
    r"\b(?:is|are) none\b": "there is no",
    r"\bthe one that\b": "its noun",
    r"\blanes?\b": "shared streams",
    r"\bgoes away\b": "ends, closes",
}
# Entries of earlier releases stay as they were written.
_PROSE = [
    *(page for page in ROOT.glob("*.md") if page.name != "CHANGELOG.md"),
    *DOCS.glob("*.md"),
    *DOCS.glob("decisions/*.md"),
]


@pytest.mark.parametrize("page", _PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_in_plain_english_and_wrapped_at_100_columns(page: Path) -> None:
    lines = _text(page).splitlines()
    long = [line for line in _prose(lines) if len(line) > 100]
    assert not long, "\n".join(long)
    prose = "\n".join(_prose(lines))
    assert not [match[0] for phrase in _PHRASES for match in re.finditer(phrase, prose)]


def _prose(lines: list[str]) -> Iterator[str]:
    """Yield the lines that are neither code nor a table nor a link definition."""
    in_code = False
    for line in lines:
        if line.startswith("```") or line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.startswith(("|", "<!--")):
            yield line
