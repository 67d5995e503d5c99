"""Python programs that start at once: forks of a process that has imported what they need.

Importing takes most of the time of a command. For programs whose signals, terminal or start are
looked at, `subprocess` is right.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

PYTEST_FILTERS = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""Every warning is an error, but this: pytest cannot rewrite the asserts of imported plugins."""

_IMPORTED = [
    *("anyio._backends._asyncio", "datamodel_code_generator.parser.jsonschema", "hypothesis"),
    *("datamodel_code_generator.model.pydantic_v2", "pytest", "rich.console", "trio"),
    *("spacecall.cassettes", "spacecall.cli._app", "spacecall.cli._commands.add"),
    *("spacecall.cli._commands.call", "spacecall.cli._commands.inspect", "spacecall.testing"),
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)


def run_module(
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -W error -m module …`` without input; return its exit code and what it wrote.

    Raises:
        subprocess.TimeoutExpired: it has not ended within `timeout` seconds, and was killed.
    """
    argv = [module, *arguments]
    with TemporaryDirectory() as written:
        outputs = [Path(written, "out"), Path(written, "err")]
        for path in outputs:
            path.touch()
        process = _context.Process(
            target=_become, args=(argv, dict(env), folder or Path.cwd(), outputs)
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(argv, timeout)
        stdout, stderr = (path.read_text(encoding="utf-8") for path in outputs)
        return subprocess.CompletedProcess(argv, process.exitcode, stdout, stderr)


def _become(
    argv: Sequence[str], env: Mapping[str, str], folder: Path, outputs: Sequence[Path]
) -> None:
    """Turn this process, a fork, into that of the program."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY), descriptor)
    sys.path[0] = str(folder)
    sys.argv = [*argv]
    warnings.resetwarnings()
    warnings.simplefilter("error")
    try:
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
