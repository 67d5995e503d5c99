"""Names say what a value is, and a module's name has one meaning.

A participle or a pronoun in place of a noun (`found`, `one`, `other`) makes the reader look for the
definition. At most one binding in a hundred may be such a word.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layering import PACKAGE, ROOT, is_generated

VAGUE = frozenset(
    {"one", "two", "other", "others", "each", "every", "both", "same", "whole", "rest", "more"}
    | {"less", "what", "why", "how", "who", "where", "place", "own", "beside", "twin"}
    | {"found", "said", "told", "given", "known", "wanted", "asked", "kept", "made", "shown"}
    | {"named", "begun"}
)
MAX_VAGUE_PERCENT = 1.0

# The same name for a module and the protocol or the command that it is about is no second meaning.
NAMED_AFTER_THEIR_SUBJECT = ("_wire", "cli/_commands")
REPEATED = frozenset({"__init__", "client", "errors"})


def bindings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names that a module gives to values: variables, parameters, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg) and node.arg not in ("self", "cls"):
            yield node.arg, node.lineno


def sources(folder: Path) -> list[Path]:
    """Return the files of a folder that a person wrote."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if (path.suffix == ".py" or _is_script(path))
        and not path.is_relative_to(ROOT / "tests" / "apps")
        and not is_generated(path)
    ]


def _is_script(path: Path) -> bool:
    if path.suffix or not path.is_file():
        return False
    with path.open("rb") as file:
        return b"python" in file.readline()


@pytest.mark.parametrize("folder", ["src", "scripts", "tests", "docs"])
def test_at_most_one_binding_in_a_hundred_is_vague(folder: str) -> None:
    vague: list[str] = []
    total = 0
    for path in sources(ROOT / folder):
        for name, line in bindings(ast.parse(path.read_text(encoding="utf-8"))):
            total += 1
            if name.strip("_") in VAGUE:
                vague.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert total
    percent = 100 * len(vague) / total
    assert percent <= MAX_VAGUE_PERCENT, f"{percent:.1f} % are vague:\n" + "\n".join(vague)


def test_a_module_has_a_name_of_its_own() -> None:
    subjects = tuple(PACKAGE / folder for folder in NAMED_AFTER_THEIR_SUBJECT)
    names = Counter(
        path.stem
        for path in PACKAGE.rglob("*.py")
        if not any(path.is_relative_to(subject) for subject in subjects)
        and path.stem not in REPEATED
    )
    assert [name for name, count in names.items() if count > 1] == []
