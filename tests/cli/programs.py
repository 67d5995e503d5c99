"""Programs that commands print, run as somebody pastes them, in the current folder."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

from tests.servers import DATA

__all__ = ["run_python", "run_shell", "write_media"]

_DEADLINE = 30.0


def write_media(folder: Path) -> None:
    """Write the files that the programs name."""
    shutil.copy(DATA / "red.png", folder / "image.png")
    shutil.copy(DATA / "tone.wav", folder / "audio.wav")
    folder.joinpath("file.txt").write_text("a file\n")


def run_python(program: str) -> str:
    """Run a program in this process; return what it prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), _fresh_imports():
        exec(compile(program, "<pasted>", "exec"), {"__name__": "__main__"})
    return output.getvalue()


def run_shell(program: str) -> str:
    """Run a program in bash; return what it prints."""
    done = subprocess.run(
        ["bash", "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@contextlib.contextmanager
def _fresh_imports() -> Generator[None]:
    """Import from the current folder, and forget what was imported from there."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "spaces"]:
            del sys.modules[name]
