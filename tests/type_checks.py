"""mypy, as users of generated code run it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from scripts._environments import ROOT
from tests.servers import launchers_folder

__all__ = ["run_mypy"]

_SECONDS = 110


def run_mypy(*paths: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``mypy --strict`` on paths of a folder.

    Most of its time goes to what the code imports: the processes of a test run share the results,
    one after another.
    """
    cache = launchers_folder() / "mypy"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"]
    with cache.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run(
            [*command, *paths],
            cwd=folder,
            env=os.environ | {"MYPYPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
