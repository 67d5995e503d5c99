"""`spacecall demo`: generate a client for a Gradio app on this machine, and run it.

The command starts the app, lists its endpoints, generates a typed client into a new project, and
runs a program that uses the client.
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
from spacecall.cli._outputs.schema_labels import list_marks
from spacecall.cli._outputs.terminal import flush, write
from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, SpaceError

__all__ = ["demo"]

_FILES = Path(__file__).parent.parent / "_demo_app"
_START_TIMEOUT = 90.0
"""Seconds for the app to start."""
_STOP_TIMEOUT = 5.0
"""Seconds for the app to stop before it is killed."""


def demo(
    *,
    prompt: Annotated[
        str, typer.Option(metavar="TEXT", help="Send this text, and a picture, to the app.")
    ] = "What is in this picture?",
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Create the project in this folder and keep it. [default: a temporary folder]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Generate a client for a local Gradio app and run it.

    The command starts a real Gradio app, generates its client into a new project, and runs a
    program that uses the client. It needs a Python with Gradio 5: set SPACECALL_GRADIO_PYTHON to
    it. [default: the Python that runs this command]
    """
    python = _find_gradio_python()
    with tempfile.TemporaryDirectory(prefix="spacecall-demo-") as temporary:
        project = Path(temporary) / "project" if keep is None else keep.resolve()
        project.mkdir(parents=True, exist_ok=True)
        with _run_app(python, Path(temporary)) as (address, documents):
            _print(f"\nEndpoints of the app at {address}:")
            for endpoint in parse_endpoints(
                parse_config(documents.config), documents.info
            ).values():
                if endpoint.listed:
                    _print(f"    {_format_endpoint(endpoint)}")
            added = client_builder.add_client(documents, project, name="phi4-multimodal")
            _print("\nGenerated:")
            for path in (added.paths.schemas, added.paths.module):
                _print(f"    {path.relative_to(project)}")
            _run_program(project, address, prompt)
        if keep is not None:
            _print(f"\nThe project is in {project}")


def _find_gradio_python() -> str:
    python = os.environ.get("SPACECALL_GRADIO_PYTHON")
    if python:
        if shutil.which(python) is None:
            raise InvalidInputError(
                f"SPACECALL_GRADIO_PYTHON is {python!r}, which is not a program: set it to a "
                "Python with Gradio 5"
            )
        return python
    if importlib.util.find_spec("gradio") is not None:
        return sys.executable
    raise InvalidInputError(
        "the demo needs Gradio 5: install it in an environment (pip install 'gradio==5.50.0'), "
        "and set SPACECALL_GRADIO_PYTHON to the Python of that environment"
    )


@contextmanager
def _run_app(python: str, folder: Path) -> Generator[tuple[str, AppDocuments], None, None]:
    """Run the app (a replica of Phi-4 multimodal); yield its address and its description."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = folder / "app.log"
    variables = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "REPLICA_WORD_DELAY": "0.08",
    }
    _print(f"Starting a Gradio app at {address}")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the project's own app
            [python, str(_FILES / "phi4_replica.py"), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
        )
    try:
        yield address, _wait_for_app(process, address, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _print(f"\nStopped the app (pid {process.pid})")


def _wait_for_app(process: subprocess.Popen[bytes], address: str, log: Path) -> AppDocuments:
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        if process.poll() is not None:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise InvalidInputError("the app did not start:\n" + "\n".join(lines[-5:]))
        try:
            return anyio.run(fetch_app, address)
        except SpaceError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _run_program(project: Path, address: str, prompt: str) -> None:
    picture = project / "picture.png"
    program = project / "ask.py"
    write_files(
        {picture: _create_png(64, 48), program: (_FILES / "ask.py.txt").read_bytes()}, project
    )
    package = str(Path(spacecall.__file__).resolve().parent.parent)
    import_paths = [package, os.environ.get("PYTHONPATH", "")]
    _print(f"\nRunning {program.name}, which uses the client:")
    flush()
    completed = subprocess.run(  # noqa: S603 - the project's own program
        [sys.executable, program.name, address, prompt, picture.name],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, import_paths))},
        check=False,
    )
    if completed.returncode:
        raise typer.Exit(1)


def _format_endpoint(endpoint: Endpoint) -> str:
    parameters = ", ".join(
        parameter.name if parameter.required else f"{parameter.name}=…"
        for parameter in endpoint.parameters
    )
    outputs = ", ".join(output.label or output.component for output in endpoint.returns)
    marks = ", ".join(list_marks(endpoint))
    signature = f"{endpoint.name}({parameters}) -> {outputs or 'nothing'}"
    return signature + (f"   [{marks}]" if marks else "")


def _create_png(width: int, height: int) -> bytes:
    """Return a picture of a blue rectangle on white."""
    blue_rows = range(height // 4, height * 3 // 4)
    rows = b"".join(
        b"\0"
        + b"".join(
            b"\x1e\x50\xc8" if y in blue_rows and width // 4 <= x < width * 3 // 4 else b"\xff" * 3
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


def _print(line: str) -> None:
    write(f"{line}\n")
