"""mypy, as users of generated code run it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts._environments import ROOT
from tests.servers import launchers_folder

__all__ = ["run_mypy"]

_SECONDS = 110


def run_mypy(*paths: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``mypy --strict`` on paths of a folder.

    Most of its time goes to what the code imports: it leaves that to the next one of this test run.
    One that begins meanwhile does not wait, and has a cache of its own.
    """
    shared = launchers_folder() / "mypy"
    with TemporaryDirectory() as own, shared.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            cache = Path(own)
        else:
            cache = shared
        return subprocess.run(
            [
                *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
                *(f"--cache-dir={cache}", *paths),
            ],
            cwd=folder,
            env=os.environ | {"MYPYPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
