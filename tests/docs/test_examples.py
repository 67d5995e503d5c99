"""The programs of the pages do on real apps what the pages say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, blocks, examples, quotes
from tests.servers import AppServer

CHAT = DOCS / "examples" / "chat.py"
"""The one program that calls another app."""

DEADLINE = 60.0
"""Seconds that a program may take."""


@pytest.mark.parametrize(
    "example", [one for one in examples() if one != CHAT], ids=lambda path: path.name
)
def test_an_example_prints_what_the_pages_say(
    example: Path, workshop: AppServer, tmp_path: Path
) -> None:
    check(example, workshop, tmp_path)


def test_the_chat_prints_what_the_pages_say(phi4_app: AppServer, tmp_path: Path) -> None:
    check(CHAT, phi4_app, tmp_path)


def check(program: Path, app: AppServer, folder: Path) -> None:
    """Run a program, and compare what it prints with what the pages say of it."""
    printed = run(program, app.url, folder)
    source = str(program.relative_to(ROOT))
    for block in blocks():
        if block.prints and block.source == source:
            assert quotes(block.text, printed), f"{block} does not say what came:\n{printed}"


def run(program: Path, address: str, folder: Path) -> str:
    """What a program prints, run in a copy of its folder; it must succeed without a warning."""
    copy = shutil.copytree(DOCS, folder / "docs") / program.relative_to(DOCS)
    done = subprocess.run(
        [sys.executable, "-W", "error", copy.name, address],
        cwd=copy.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
