"""`spacecall demo`: the main job at work, against a real Gradio app on this machine.

Starts the app, says what it offers, generates its client into a project of its own, and runs a
program that is written against that client.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import anyio
import typer

import spacecall
from spacecall._atomic import write_files
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.cli._outputs.terminal import flush, write
from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, SpaceError

__all__ = ["demo"]

_FILES = Path(__file__).parent.parent / "_demo_app"
_START = 90.0
"""Seconds until the app must answer."""
_STOP = 5.0


def demo(
    *,
    prompt: Annotated[
        str, typer.Option(help="What to ask the app.", show_default=False)
    ] = "What is in this picture?",
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the generated project in this folder.", show_default=False),
    ] = None,
) -> None:
    """Start a real Gradio app, generate its client, and run a program written against it.

    SPACECALL_GRADIO_PYTHON names a Python that has Gradio 5; by default it is this one.
    """
    python = _gradio_python()
    with tempfile.TemporaryDirectory(prefix="spacecall-demo-") as made:
        project = Path(made) / "project" if keep is None else keep.resolve()
        project.mkdir(parents=True, exist_ok=True)
        with _app(python, Path(made)) as (address, about):
            _tell(f"\nThe app at {address} offers")
            for endpoint in parse_endpoints(parse_config(about.config), about.info).values():
                if endpoint.visibility == "public":
                    _tell(f"    {_line(endpoint)}")
            added = client_builder.add(about, project, name="phi4-multimodal")
            _tell("\nGenerated")
            for path in (added.places.schemas, added.places.module):
                _tell(f"    {path.relative_to(project)}")
            _run(project, address, prompt)
        if keep is not None:
            _tell(f"\nThe project is in {project}")


def _gradio_python() -> str:
    named = os.environ.get("SPACECALL_GRADIO_PYTHON")
    if named:
        if shutil.which(named) is None:
            raise InvalidInputError(f"SPACECALL_GRADIO_PYTHON is {named!r}, which cannot be run")
        return named
    if importlib.util.find_spec("gradio") is not None:
        return sys.executable
    raise InvalidInputError(
        "the demo starts a real Gradio app, and there is no Gradio here: install it into an "
        "environment (pip install 'gradio==5.50.0'), and name that environment's Python in "
        "SPACECALL_GRADIO_PYTHON"
    )


@contextmanager
def _app(python: str, folder: Path) -> Generator[tuple[str, AppDocuments], None, None]:
    """The stand-in for Phi-4 multimodal, running: its address, and what it says of itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = folder / "app.log"
    settings = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "REPLICA_WORD_DELAY": "0.08",
    }
    _tell(f"Starting a real Gradio app at {address}")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the project's own app
            [python, str(_FILES / "phi4_replica.py"), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
        )
    try:
        yield address, _wait(process, address, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _tell(f"\nStopped the app (pid {process.pid})")


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> AppDocuments:
    deadline = time.monotonic() + _START
    while True:
        if process.poll() is not None:
            end = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
            raise InvalidInputError("the app did not start:\n" + "\n".join(end))
        try:
            return anyio.run(fetch, address)
        except SpaceError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _run(project: Path, address: str, prompt: str) -> None:
    picture = project / "picture.png"
    program = project / "ask.py"
    write_files({picture: _png(64, 48), program: (_FILES / "ask.py.txt").read_bytes()}, project)
    package = str(Path(spacecall.__file__).resolve().parent.parent)
    places = [package, os.environ.get("PYTHONPATH", "")]
    _tell(f"\nRunning {program.name}, written against that client")
    flush()
    ended = subprocess.run(  # noqa: S603 - the project's own program
        [sys.executable, program.name, address, prompt, picture.name],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        check=False,
    )
    if ended.returncode:
        raise typer.Exit(1)


def _line(endpoint: Endpoint) -> str:
    parameters = ", ".join(
        one.name if one.required else f"{one.name}=…" for one in endpoint.parameters
    )
    returns = ", ".join(one.label or one.component for one in endpoint.returns) or "nothing"
    facts = {"streams": endpoint.streaming, "uses State": endpoint.stateful}
    said = ", ".join(fact for fact, holds in facts.items() if holds)
    return f"{endpoint.name}({parameters}) -> {returns}" + (f"   [{said}]" if said else "")


def _png(width: int, height: int) -> bytes:
    """A picture: a blue square on white."""
    inside = range(height // 4, height * 3 // 4)
    rows = b"".join(
        b"\0"
        + b"".join(
            b"\x1e\x50\xc8" if y in inside and width // 4 <= x < width * 3 // 4 else b"\xff" * 3
            for x in range(width)
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _tell(line: str) -> None:
    write(f"{line}\n")
