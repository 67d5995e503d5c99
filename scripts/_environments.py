"""The virtual environments that the commands and the tests run in.

- `.venv` holds the project (editable) with every extra and the development tools,
- `.cache/gradio/<version>` holds one pinned Gradio: its versions cannot share an environment,
- `.cache/python/<version>` holds the same as `.venv`, for another Python,
- `.cache/bench` holds the project and what `scripts/bench` compares it with,
- `.cache/docs` holds what builds the documentation site, which reads the project as text,
- `.cache/ray` holds Ray Data and what the project needs, but not the project: programs that run
  there find its sources by PYTHONPATH.

``SPACECALL_CACHE`` is another folder for all but `.venv`. An environment is made once, and again
when its requirements change: by uv if it is on the PATH, otherwise by venv and pip.
Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
GRADIO_VERSIONS = ("6.31.0", "5.50.0", "4.44.1", "4.21.0", "4.19.2", "4.10.0", "4.0.2", "3.50.2")

_STAMP = "spacecall-stamp.json"


class SetupError(Exception):
    """An environment could not be made; the message says which command failed."""


def development() -> Path:
    """Return the interpreter of `.venv`: the project, its extras and the development tools."""
    return _environment(ROOT / ".venv", REQUIREMENTS / "dev.txt", _recipe(), project=True)


def other_python(version: str) -> Path:
    """Return the interpreter of an environment like `.venv`, made with `python<version>`."""
    base = shutil.which(f"python{version}")
    if base is None:
        raise SetupError(f"python{version} is not on the PATH")
    recipe = _recipe() | {"python": version}
    folder = cache() / "python" / version
    return _environment(folder, REQUIREMENTS / "dev.txt", recipe, project=True, base=base)


def bench() -> Path:
    """Return the interpreter of `.cache/bench`: the project, gradio_client and matplotlib."""
    return _environment(cache() / "bench", REQUIREMENTS / "bench.txt", _recipe(), project=True)


def documentation() -> Path:
    """Return the interpreter of `.cache/docs`: what builds the documentation site."""
    return _environment(cache() / "docs", REQUIREMENTS / "docs.txt", {})


def ray() -> Path:
    """Return the interpreter of `.cache/ray`: Ray Data and what the project needs."""
    return _environment(cache() / "ray", REQUIREMENTS / "ray.txt", {})


def gradio(version: str) -> Path:
    """Return the interpreter of an environment that holds only this Gradio release."""
    lock = REQUIREMENTS / f"gradio-{version}.txt"
    if not lock.is_file():
        versions = ", ".join(GRADIO_VERSIONS)
        raise SetupError(f"no pinned requirements for Gradio {version}; there are: {versions}")
    return _environment(cache() / "gradio" / version, lock, {}, imports="gradio")


def cache() -> Path:
    """Return the folder of the environments: `SPACECALL_CACHE`, or `.cache`."""
    return Path(os.environ.get("SPACECALL_CACHE") or ROOT / ".cache").resolve()


def run(command: Sequence[str | Path], *, quiet: bool = False, cwd: Path = ROOT) -> None:
    """Run a command to its end; a failure raises `SetupError` with its output when it was quiet."""
    arguments = [str(argument) for argument in command]
    process = subprocess.run(arguments, cwd=cwd, capture_output=quiet, text=True, check=False)
    if process.returncode:
        output = (process.stdout + process.stderr).strip() if quiet else ""
        raise SetupError(f"failed ({process.returncode}): {' '.join(arguments)}\n{output}".rstrip())


def say(text: str) -> None:
    """Write a line of progress on stderr: stdout belongs to the command that runs."""
    write_line(f"· {text}")


def _write_to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


write_line: Callable[[str], None] = _write_to_stderr
"""Where `say` writes. The tests replace it, because pytest captures stderr."""


def _environment(
    folder: Path,
    lock: Path,
    recipe: Mapping[str, object],
    *,
    project: bool = False,
    base: str = sys.executable,
    imports: str = "",
) -> Path:
    """Make an environment if need be; `imports` is what several processes will import at once."""
    python = folder / "bin" / "python"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = json.dumps({"lock": digest, **recipe}, sort_keys=True)
    if _read_stamp(folder) == stamp and python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if _read_stamp(folder) != stamp or not python.exists():
            say(f"making {_display(folder)} from {_display(lock)} (this is done once)")
            start = time.monotonic()
            _make(folder, python, lock, project=project, base=base)
            if imports:  # compiles it, once
                run([python, "-c", f"import {imports}"], quiet=True)
            (folder / _STAMP).write_text(stamp, encoding="utf-8")
            say(f"made {_display(folder)} in {time.monotonic() - start:.0f} s")
    return python


def _make(folder: Path, python: Path, lock: Path, *, project: bool, base: str) -> None:
    """Make an environment from nothing: one that is brought up to date can keep stale packages."""
    if folder.exists():
        if _read_stamp(folder) is None:
            raise SetupError(f"{_display(folder)} was not made by these scripts: move it away")
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / _STAMP).touch()
    uv = shutil.which("uv")
    if uv:
        run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", base, folder],
            quiet=True,
        )
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        run([base, "-m", "venv", folder], quiet=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*install, "--requirement", lock], quiet=True)
    if project:
        run([*install, "--no-deps", "--no-build-isolation", "--editable", ROOT], quiet=True)


def _read_stamp(folder: Path) -> str | None:
    try:
        return (folder / _STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Keep two commands from making the same environment at the same time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _recipe() -> dict[str, object]:
    """Return what an environment with the project depends on, besides its lock file."""
    return {
        "project": _project_tables(),
        "root": str(ROOT),
        "python": sys.version_info[:2],
    }


def _project_tables() -> dict[str, object]:
    """Read the tables of pyproject.toml that an installation depends on."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {name: tables[name] for name in ("build-system", "project", "dependency-groups")}


def _display(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main(names: Sequence[str]) -> int:
    """Make environments, and print their interpreters.

    The names are `dev`, `bench`, `docs`, `ray`, `gradio-<release>` and `python-<version>`.
    """
    makers = {"dev": development, "bench": bench, "docs": documentation, "ray": ray}
    versioned = {"gradio": gradio, "python": other_python}
    try:
        for name in names:
            kind, _, version = name.partition("-")
            if kind in versioned:
                print(versioned[kind](version))
            elif name in makers:
                print(makers[name]())
            else:
                raise SetupError(f"unknown environment {name!r}")
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
