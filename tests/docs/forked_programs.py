"""Programs run as `python -W error program.py address` would, forked from a process of their own.

What they import takes most of the time of a program. The server of forks has imported it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import warnings
from pathlib import Path

from tests.docs.pages import ROOT

DEADLINE = 60.0
"""Seconds that a program may take."""
IMPORTS = ("httpx", "pydantic", "spacecall._client.space", "spacecall.sync", "spacecall.typed")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*IMPORTS])


def run(program: Path, address: str, folder: Path) -> str:
    """Return what a program prints; it must succeed without a warning.

    Args:
        program: its path.
        address: its argument.
        folder: where it runs.
    """
    outputs = folder / "stdout.txt", folder / "stderr.txt"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = _context.Process(
        target=_become, args=(program, address, folder, dict(environment), outputs)
    )
    process.start()
    process.join(DEADLINE)
    if process.is_alive():
        process.kill()
        process.join()
    printed, errors = (path.read_text(encoding="utf-8") for path in outputs)
    for path in outputs:
        path.unlink()
    assert process.exitcode == 0, errors
    return printed


def _become(
    program: Path,
    address: str,
    folder: Path,
    environment: dict[str, str],
    outputs: tuple[Path, Path],
) -> None:
    """Turn this process, a fork, into that of the program."""
    for descriptor, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(program), address]
    sys.path.insert(0, str(program.parent))
    warnings.simplefilter("error")
    runpy.run_path(str(program), run_name="__main__")
