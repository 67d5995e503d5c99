"""The virtual environments that the commands and the tests run in.

- `.venv` holds the project (editable) with every extra and the development tools,
- `.cache/gradio/<version>` holds one pinned Gradio: its versions cannot share an environment,
- `.cache/bench` holds the project and what `scripts/bench` compares it with,
- `.cache/docs` holds what makes the documentation site, which reads the project as text.

``SPACECALL_CACHE`` moves what is not `.venv` elsewhere. An environment is made once, and again only
when what it is made from has changed; uv makes it when it is on the PATH, venv and pip otherwise.
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
import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
GRADIO_VERSIONS = ("6.31.0", "5.50.0", "4.44.1", "4.21.0", "4.19.2", "4.10.0", "4.0.2", "3.50.2")

_STAMP = "spacecall-stamp.json"


class SetupError(Exception):
    """An environment could not be made; the message says which command failed."""


def development() -> Path:
    """The interpreter of `.venv`: the project with all its extras and the development tools."""
    return _environment(ROOT / ".venv", REQUIREMENTS / "dev.txt", _recipe(), project=True)


def bench() -> Path:
    """The interpreter of what the benchmarks compare: the project, gradio_client, matplotlib."""
    place = cache() / "bench"
    return _environment(place, REQUIREMENTS / "bench.txt", _recipe(), project=True)


def documentation() -> Path:
    """The interpreter of what makes the documentation site."""
    return _environment(cache() / "docs", REQUIREMENTS / "docs.txt", {})


def gradio(version: str) -> Path:
    """The interpreter of an environment with this Gradio, one of `GRADIO_VERSIONS`, and no more."""
    lock = REQUIREMENTS / f"gradio-{version}.txt"
    if not lock.is_file():
        known = ", ".join(GRADIO_VERSIONS)
        raise SetupError(f"no pinned requirements for Gradio {version}; there are: {known}")
    return _environment(cache() / "gradio" / version, lock, {})


def cache() -> Path:
    """The folder of what is made once and kept: `.cache`, or where SPACECALL_CACHE says."""
    return Path(os.environ.get("SPACECALL_CACHE") or ROOT / ".cache").resolve()


def run(command: Sequence[str | Path], *, quiet: bool = False, cwd: Path = ROOT) -> None:
    """Run a command to its end; a failure raises `SetupError` with its output when it was quiet."""
    text = [str(part) for part in command]
    done = subprocess.run(text, cwd=cwd, capture_output=quiet, text=True, check=False)
    if done.returncode:
        shown = (done.stdout + done.stderr).strip() if quiet else ""
        raise SetupError(f"failed ({done.returncode}): {' '.join(text)}\n{shown}".rstrip())


def say(text: str) -> None:
    """One line of progress, on stderr: stdout belongs to what is being run."""
    print(f"· {text}", file=sys.stderr, flush=True)


def _environment(
    place: Path, lock: Path, recipe: Mapping[str, object], *, project: bool = False
) -> Path:
    python = place / "bin" / "python"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    wanted = json.dumps({"lock": digest, **recipe}, sort_keys=True)
    if _stamp(place) == wanted and python.exists():
        return python
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.with_name(f"{place.name}.lock")):
        if _stamp(place) != wanted or not python.exists():
            say(f"making {_shown(place)} from {_shown(lock)} (this is done once)")
            _make(place, python, lock, project=project)
            (place / _STAMP).write_text(wanted, encoding="utf-8")
    return python


def _make(place: Path, python: Path, lock: Path, *, project: bool) -> None:
    """Make an environment from nothing: one that is brought up to date can keep stale packages."""
    if place.exists():
        if _stamp(place) is None:
            raise SetupError(f"{_shown(place)} was not made by these scripts: move it away")
        shutil.rmtree(place)
    place.mkdir()
    (place / _STAMP).touch()
    uv = shutil.which("uv")
    if uv:
        run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, place],
            quiet=True,
        )
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        run([sys.executable, "-m", "venv", place], quiet=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*install, "--requirement", lock], quiet=True)
    if project:
        run([*install, "--no-deps", "--no-build-isolation", "--editable", ROOT], quiet=True)


def _stamp(place: Path) -> str | None:
    try:
        return (place / _STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Two commands started at once must not make the same environment."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _recipe() -> dict[str, object]:
    """What an environment that holds the project is made from, besides its lock."""
    return {
        "project": _project_tables(),
        "root": str(ROOT),
        "python": sys.version_info[:2],
    }


def _project_tables() -> dict[str, object]:
    """The part of pyproject.toml that an installation depends on."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {name: tables[name] for name in ("build-system", "project", "dependency-groups")}


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main(names: Sequence[str]) -> int:
    """Make environments (`dev`, `bench`, `docs`, `gradio-<version>`), and print their Pythons."""
    makers = {"dev": development, "bench": bench, "docs": documentation}
    try:
        for name in names:
            make = makers.get(name)
            print(make() if make else gradio(name.partition("-")[2]))
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
