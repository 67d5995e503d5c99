"""What docs/cli.md says is so: its commands exist, and its screens come out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.processes import environment
from tests.conftest import ServerPool
from tests.docs.pages import APP, DOCS, Block, blocks
from tests.servers import GRADIO_5, GRADIO_6

PAGE = DOCS / "cli.md"
ADDRESS = "http://127.0.0.1:7860"
SCREENS = [block for block in blocks() if block.page == PAGE and block.language == "console"]


def commands(cli: Cli) -> set[str]:
    """What `spacecall --help` lists."""
    help_text = cli("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^  (\w+) ", help_text, re.MULTILINE))


def test_the_documented_commands_are_those_that_exist(cli: Cli) -> None:
    text = PAGE.read_text(encoding="utf-8")
    documented = set(re.findall(r"(?:^\$ |`|\| )spacecall (\w+)", text, re.MULTILINE))
    assert documented == commands(cli)


@pytest.mark.parametrize("command", ["inspect", "call", "doctor"])
def test_the_documented_options_exist(cli: Cli, command: str) -> None:
    help_text = cli(command, "--help").out
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z]+)", help_text, re.MULTILINE))
    text = PAGE.read_text(encoding="utf-8")
    assert not [option for option in options - {"--help"} if option not in text]


def test_the_page_has_screens() -> None:
    assert len(SCREENS) > 5


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_5])
@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_screen_is_what_the_commands_write(
    screen: Block, version: str, app_server: ServerPool, tmp_path: Path
) -> None:
    app = app_server(str(APP), version)
    shutil.copy(DOCS / "examples" / "flag.png", tmp_path)
    spacecall = f'spacecall() {{ "{sys.executable}" -m spacecall "$@"; }}'
    for line, expected in _typed(screen.text):
        done = subprocess.run(
            ["bash", "-c", f"{spacecall}; {line.replace(ADDRESS, app.url)}"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        output = done.stdout.replace(app.url, ADDRESS).replace(app.version, GRADIO_6)
        assert [row.rstrip() for row in output.splitlines()] == expected


def _typed(text: str) -> list[tuple[str, list[str]]]:
    """Each line that is typed, and what comes then."""
    steps: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps
