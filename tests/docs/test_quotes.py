"""What the pages quote is what the files say."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT, Block, blocks, examples, quotes

BLOCKS = blocks()
PYTHON_BLOCKS = [block for block in BLOCKS if block.language == "python"]
QUOTES = [block for block in BLOCKS if block.source]
FILE_QUOTES = [block for block in QUOTES if not block.prints]


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=str)
def test_python_on_a_page_comes_from_a_program(block: Block) -> None:
    assert block.source, "no comment says which file the block comes from"
    assert not block.prints


@pytest.mark.parametrize("block", QUOTES, ids=str)
def test_a_quote_comes_from_what_the_tests_read_or_run(block: Block) -> None:
    source = ROOT / block.source
    assert source in (*examples(), ROOT / "scripts/demo") if block.prints else source.is_file()


@pytest.mark.parametrize("block", FILE_QUOTES, ids=str)
def test_a_quote_is_what_the_file_says(block: Block) -> None:
    assert quotes(block.text, (ROOT / block.source).read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.name)
def test_every_example_is_on_a_page(example: object) -> None:
    assert example in [ROOT / block.source for block in FILE_QUOTES]


def test_a_quote_is_whole_lines_indented_alike() -> None:
    file = "def f():\n    a\n\n    if b:\n        c\n"
    assert quotes(file, file)
    assert quotes("a\n\nif b:\n    c", file)
    assert not quotes("a\nif b:\n    c", file)
    assert not quotes("if b:\nc", file)
    assert not quotes("a\n\nif b:\n    d", file)
