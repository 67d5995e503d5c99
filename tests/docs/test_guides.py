"""Programs of the pages that need more than an app: another client, FastAPI, certificates."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import servers
from tests.docs.pages import DOCS, ROOT, blocks, quotes
from tests.observability.tools import normalise
from tests.servers import GRADIO_6, AppServer

DEADLINE = 60.0
"""Seconds that a program may take."""
PORTED = sorted((DOCS / "examples" / "gradio_client").glob("*.py"))


def run(
    program: Path,
    address: str,
    folder: Path,
    *,
    python: str | Path = sys.executable,
    env: dict[str, str] | None = None,
) -> str:
    """What a program prints, run beside the examples' files; it must succeed."""
    shutil.copytree(DOCS / "examples", folder, dirs_exist_ok=True)
    done = subprocess.run(
        [str(python), "-W", "error", str(program), address],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | (env or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown_after(program: Path) -> str:
    """The next block of text on the page that quotes a program."""
    source = str(program.relative_to(ROOT))
    all_blocks = blocks()
    position = next(index for index, block in enumerate(all_blocks) if block.source == source)
    return next(block.text for block in all_blocks[position:] if block.language == "text")


def test_the_first_program_of_the_readme_is_there_whole() -> None:
    first = next(block for block in blocks() if block.page == ROOT / "README.md" and block.source)
    assert first.source == "docs/examples/quickstart.py"
    assert first.text + "\n" == (ROOT / first.source).read_text(encoding="utf-8")


def test_there_are_programs_for_gradio_client() -> None:
    assert len(PORTED) == 5


@pytest.mark.parametrize("program", PORTED, ids=lambda path: path.name)
def test_a_program_for_gradio_client_prints_what_the_page_says(
    program: Path, workshop: AppServer, tmp_path: Path
) -> None:
    python = servers.python_of(workshop.version)
    printed = run(program, workshop.url, tmp_path, python=python, env={"PYTHONPATH": ""})
    assert quotes(shown_after(program), printed), printed


def test_the_log_shows_the_requests_that_the_page_shows(
    workshop: AppServer, tmp_path: Path
) -> None:
    program = DOCS / "examples" / "log_requests.py"
    printed = run(program, workshop.url, tmp_path)
    assert normalise(printed) == normalise(shown_after(program) + "\n")


@pytest.mark.requires("gradio-6.31.0")
def test_the_fastapi_app_of_the_page_answers(workshop: AppServer, tmp_path: Path) -> None:
    """FastAPI comes with Gradio; what spacecall needs besides is lent to its environment."""
    spec = find_spec("httpx_sse")
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, tmp_path / "lent" / "httpx_sse")
    printed = run(
        DOCS / "examples" / "fastapi" / "web.py",
        workshop.url,
        tmp_path,
        python=servers.python_of(GRADIO_6),
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(tmp_path / "lent")])},
    )
    assert printed == "Hello, Ada.\n{'error': 'You cannot divide by zero.'}\n"


@dataclass(frozen=True)
class SecureApp:
    """The app of the examples behind TLS, and the certificate that vouches for it."""

    url: str
    certificate: Path


@pytest.fixture
def secure_app(workshop: AppServer, tmp_path: Path) -> Iterator[SecureApp]:
    """A relay that ends TLS and passes bytes on."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([*command, *names, "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    port = urlsplit(workshop.url).port
    assert port is not None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        yield SecureApp(f"https://127.0.0.1:{listener.getsockname()[1]}", certificate)
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_relay, args=(connection, context, port), daemon=True).start()


def _relay(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """Serve one connection of a client: its requests in one thread, the answers in this one."""
    with contextlib.suppress(OSError), connection:  # a refused certificate is an OSError
        client = context.wrap_socket(connection, server_side=True)
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


BARE = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}


@pytest.mark.requires("openssl")
@pytest.mark.parametrize("program", ["own_tls.py", "switch_calls.py"])
def test_a_file_of_certificates_is_trusted(
    program: str, secure_app: SecureApp, tmp_path: Path
) -> None:
    env = BARE | {"SSL_CERT_FILE": str(secure_app.certificate)}
    printed = run(DOCS / "examples" / program, secure_app.url, tmp_path, env=env)
    assert printed.startswith("Hello, Ada.\n")


@pytest.mark.requires("openssl")
def test_a_folder_of_certificates_is_trusted(secure_app: SecureApp, tmp_path: Path) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    shutil.copy(secure_app.certificate, folder)
    subprocess.run(["openssl", "rehash", str(folder)], check=True, capture_output=True)
    env = BARE | {"SSL_CERT_DIR": str(folder)}
    program = DOCS / "examples" / "switch_calls.py"
    assert run(program, secure_app.url, tmp_path, env=env).startswith("Hello, Ada.\n")


@pytest.mark.requires("openssl")
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_nothing_names_are_refused(
    variable: str, secure_app: SecureApp, tmp_path: Path
) -> None:
    value = "" if variable == "SSL_CERT_FILE" else str(secure_app.certificate)
    program = DOCS / "examples" / "switch_calls.py"
    with pytest.raises(AssertionError, match="TLS failed: CERTIFICATE_VERIFY_FAILED"):
        run(program, secure_app.url, tmp_path, env=BARE | {variable: value})
