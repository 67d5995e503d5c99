"""The programs in docs/examples do on real apps what the pages say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ServerPool
from tests.docs.pages import APP, EXAMPLES, ROOT, blocks, examples, quotes
from tests.servers import GRADIO_5, GRADIO_6, AppServer

DEADLINE = 60.0
"""Seconds that a program may take."""


@pytest.fixture(
    scope="session", params=[GRADIO_6, GRADIO_5], ids=lambda version: f"gradio-{version}"
)
def workshop(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The app of the examples, on each Gradio."""
    return app_server(str(APP), request.param)


@pytest.mark.parametrize("example", examples(), ids=lambda path: path.name)
def test_an_example_prints_what_the_pages_say(
    example: Path, workshop: AppServer, tmp_path: Path
) -> None:
    printed = run(example, workshop.url, tmp_path)
    source = str(example.relative_to(ROOT))
    for block in blocks():
        if block.prints and block.source == source:
            assert quotes(block.text, printed), f"{block} does not say what came:\n{printed}"


def run(program: Path, address: str, folder: Path) -> str:
    """What a program prints, run in a copy of its folder; it must succeed without a warning."""
    copy = shutil.copytree(EXAMPLES, folder / "examples")
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name, address],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
