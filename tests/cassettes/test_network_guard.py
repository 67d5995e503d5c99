"""What a process can connect to while a cassette is replayed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from asyncio import proactor_events
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall.cassettes._engine.network_guard import (
    AllowedHost,
    parse_allowed_host,
    refuse_connections,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_connections_over_ip_are_refused(listener: socket.socket, method: str) -> None:
    with (
        refuse_connections(),
        socket.socket() as client,
        pytest.raises(ConnectionRefusedError, match=r"is being replayed.*spacecall_allowed_hosts"),
    ):
        getattr(client, method)(listener.getsockname())
    with socket.create_connection(listener.getsockname(), 10):
        pass


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("with_port", [True, False])
def test_an_allowed_host_is_connected_to(
    listener: socket.socket, name: str, with_port: bool
) -> None:
    port = port_of(listener)
    host = parse_allowed_host(f"{name}:{port}" if with_port else name)
    with refuse_connections([host]):
        with socket.create_connection(("127.0.0.1", port), 10):
            pass
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) == 0


def test_another_port_of_an_allowed_host_is_refused(listener: socket.socket) -> None:
    with (
        refuse_connections([AllowedHost("127.0.0.1", port_of(listener) % 65535 + 1)]),
        pytest.raises(ConnectionRefusedError, match="is being replayed"),
    ):
        socket.create_connection(listener.getsockname(), 10)


def windows_socketpair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets as Python makes them on Windows: over IP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.socket()
        try:
            client.connect(server.getsockname())
        except OSError:
            client.close()
            raise
        return client, server.accept()[0]


def test_event_loops_start_where_a_socket_pair_is_made_of_ip_sockets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socketpair", windows_socketpair)
    with refuse_connections():
        for backend in ("asyncio", "trio"):
            anyio.run(anyio.sleep, 0, backend=backend)
        with pytest.raises(ConnectionRefusedError):
            windows_socketpair()  # not through the module: an ordinary connection


async def test_the_event_loop_of_windows_is_guarded_too(listener: socket.socket) -> None:
    loop: Any = None  # only Windows can make it
    with (
        refuse_connections(),
        socket.socket() as client,
        pytest.raises(ConnectionRefusedError, match="is being replayed"),
    ):
        await proactor_events.BaseProactorEventLoop.sock_connect(
            loop, client, listener.getsockname()
        )


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_unix_sockets_are_not_refused(tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        with refuse_connections():
            assert client.connect_ex(path) == 0


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost", AllowedHost("localhost")),
        ("DB.test:5432", AllowedHost("db.test", 5432)),
        ("::1", AllowedHost("::1")),
        ("[::1]:5432", AllowedHost("::1", 5432)),
        ("[::1]", AllowedHost("::1")),
    ],
)
def test_hosts_have_a_name_and_maybe_a_port(text: str, host: AllowedHost) -> None:
    assert parse_allowed_host(text) == host


@pytest.mark.parametrize("text", ["", "http://a", "a:", "a:b", "a:0", "a:99999", "[::1", "*.test"])
def test_what_is_not_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="use a host or host:port"):
        parse_allowed_host(text)


PROGRAM = """
import os, socket
import pytest


@pytest.mark.spacecall
def test_it():
    socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 10).close()
"""


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("", "a cassette is being replayed"),
        ("localhost:PORT", "1 passed"),
        ("http://localhost", "ERROR: spacecall_allowed_hosts: invalid host 'http://localhost'"),
    ],
)
def test_the_hosts_are_named_in_the_configuration(
    hosts: str, expected: str, listener: socket.socket, tmp_path: Path
) -> None:
    port = str(port_of(listener))
    (tmp_path / "test_mine.py").write_text(PROGRAM)
    hosts = hosts.replace("PORT", port)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nspacecall_allowed_hosts = {hosts}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected in done.stdout + done.stderr
