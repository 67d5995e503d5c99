"""The commands do what the pages show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.docs.pages import DOCS, ROOT, blocks
from tests.servers import AppServer

DEADLINE = 120.0
"""Seconds that a command may take."""


@pytest.mark.requires("gradio-5.50.0")
def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    python = {"SPACECALL_GRADIO_PYTHON": str(servers.python_of(servers.GRADIO_5))}
    output = spacecall("demo", folder=tmp_path, env=python, errors=subprocess.STDOUT)
    documented = [block for block in blocks() if block.source == "./scripts/demo"]
    assert [_plain(block.text) for block in documented] == [_plain(output)]


def test_add_prints_what_the_page_shows(workshop: AppServer, tmp_path: Path) -> None:
    page = (DOCS / "generating.md").read_text(encoding="utf-8")
    command = "$ spacecall add http://127.0.0.1:7860 --name workshop\n"
    documented = page.partition(command)[2].partition("```")[0]
    assert spacecall("add", workshop.url, "--name", "workshop", folder=tmp_path) == documented
    for path in documented.split():
        assert (tmp_path / path).exists()


def test_show_draws_what_the_page_shows() -> None:
    command, _, documented = next(
        block.text for block in blocks() if block.text.startswith("$ spacecall cassettes show")
    ).partition("\n")
    output = spacecall(*command.split()[2:], folder=ROOT, env={"COLUMNS": "80"})
    assert output.splitlines() == documented.splitlines()


def test_every_option_of_add_is_on_the_page(tmp_path: Path) -> None:
    page = (DOCS / "generating.md").read_text(encoding="utf-8")
    options = re.findall(
        r"^ +(?:-\w, )?(--[a-z-]+)", spacecall("add", "--help", folder=tmp_path), re.MULTILINE
    )
    cells = re.findall(r"^\| (`--[^|]+) \|", page, re.MULTILINE)
    documented = {option for cell in cells for option in re.findall(r"`(--[a-z-]+)`", cell)}
    assert set(options) - {"--help"} == documented


def spacecall(
    *arguments: str, folder: Path, env: dict[str, str] | None = None, errors: int = subprocess.PIPE
) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "spacecall", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"} | (env or {}),
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def _plain(text: str) -> list[str]:
    """The lines, without what differs each time: the app's port and process."""
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text)
    return re.sub(r"\(pid \d+\)", "(pid)", text).strip().splitlines()
