from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.type_checks import run_mypy


def demo(*arguments: str, python: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the demo without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "spacecall", "demo", *arguments],
        cwd=cwd,
        env={**os.environ, "SPACECALL_GRADIO_PYTHON": python, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=115,
    )


@pytest.mark.requires("gradio-5.50.0")
def test_the_demo_asks_a_real_app_through_a_generated_client(tmp_path: Path) -> None:
    project = tmp_path / "kept"
    python = str(servers.python_of(servers.GRADIO_5))
    done = demo("--prompt", "Who are you?", "--keep", str(project), python=python, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = "Phi-4 replica turn 1. You said: Who are you? image 1 is picture.png (image/png, "
    assert answer in done.stdout
    assert "/bot_response(history=…) -> chatbot   [streams, uses State]" in done.stdout
    assert "[started]" in done.stderr
    assert "\x1b" not in done.stdout
    assert (project / "answer.txt").read_text(encoding="utf-8").startswith(answer)
    assert (project / "from-the-app.png").read_bytes() == (project / "picture.png").read_bytes()
    assert "Stopped the app" in done.stdout
    type_check = run_mypy("ask.py", "spaces", folder=project)
    assert type_check.returncode == 0, type_check.stdout


@pytest.mark.parametrize("python", ["", "no-such-python"])
def test_without_gradio_the_demo_says_what_to_install(python: str, tmp_path: Path) -> None:
    done = demo(python=python, cwd=tmp_path)
    assert done.returncode == 2
    assert "SPACECALL_GRADIO_PYTHON" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_does_not_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    done = demo(python=sys.executable, cwd=tmp_path)
    assert done.returncode == 2
    assert "No module named 'gradio'" in done.stderr
