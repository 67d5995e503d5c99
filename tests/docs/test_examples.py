"""The programs of the pages do on real apps what the pages say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import pytest

from tests.docs import forked_programs
from tests.docs.pages import DOCS, ROOT, blocks, examples, quotes
from tests.servers import AppServer

ELSEWHERE = {
    "chat": "phi4_app",
    "events": "joins_app",
    "feed": "streams_app",
    "hub": "hub",
    "images": "flux_app",
    "inference": "inference",
    "live": "streams_app",
    "page": "page_app",
    "qvq": "qvq_app",
    "tools": "tool_model",
}
"""Programs that call another app than the examples': the first word of the name, the fixture."""


class Called(Protocol):
    """What a program calls: an app, or a stand-in for a service."""

    url: str


def fixture_of(example: Path) -> str:
    return ELSEWHERE.get(example.stem.partition("_")[0], "workshop")


HERE = [example for example in examples() if fixture_of(example) == "workshop"]
OTHERS = [example for example in examples() if example not in HERE]


@pytest.mark.parametrize("example", HERE, ids=lambda path: path.name)
def test_an_example_prints_what_the_pages_say(
    example: Path, workshop: AppServer, tmp_path: Path
) -> None:
    check(example, workshop, tmp_path)


@pytest.mark.parametrize("example", OTHERS, ids=lambda path: path.name)
def test_an_example_of_a_system_prints_what_the_pages_say(
    example: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    app: Called = request.getfixturevalue(fixture_of(example))
    check(example, app, tmp_path)


def check(program: Path, app: Called, folder: Path) -> None:
    """Run a program, and compare what it prints with what the pages say of it."""
    printed = run(program, app.url, folder)
    source = str(program.relative_to(ROOT))
    for block in blocks():
        if block.prints and block.source == source:
            assert quotes(block.text, printed), f"{block} does not say what came:\n{printed}"


def run(program: Path, address: str, folder: Path) -> str:
    """Return what a program prints, run in a copy of its folder."""
    copy = shutil.copytree(DOCS, folder / "docs") / program.relative_to(DOCS)
    return forked_programs.run(copy, address, copy.parent)
