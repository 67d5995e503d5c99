"""Each capability on the page of systems names a test that there is."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import DOCS, ROOT

NAMED = re.findall(r"^\|.*\| `(test_\w+)` \|$", (DOCS / "systems.md").read_text("utf-8"), re.M)
TESTS = {
    node.name
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
}


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 70
    assert len(set(NAMED)) == len(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    assert name in TESTS
