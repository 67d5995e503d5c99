"""Each capability of a system, and each promise of security, names a test that there is."""

from __future__ import annotations

import ast
import functools
import re

import pytest

from tests.docs.pages import DOCS, ROOT

PAGES = (DOCS / "systems.md", ROOT / "SECURITY.md")
NAMED = [
    name
    for page in PAGES
    for name in re.findall(r"^\|.*\| `(test_\w+)` \|$", page.read_text("utf-8"), re.M)
]


@functools.cache
def names_of_tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_pages_name_tests() -> None:
    assert len(NAMED) > 90
    assert len(set(NAMED)) == len(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    assert name in names_of_tests()
