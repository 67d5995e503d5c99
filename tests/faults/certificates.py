"""Certificates of the tests' own making, and servers that have them. They need `openssl`."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import SocketAttribute, SocketStream

HERE = "IP:127.0.0.1"


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate of its own making for `name`, and a client that trusts it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=test"]
    names = ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=certificate)


def mutual(folder: Path) -> ssl.SSLContext:
    """A server that asks for a client certificate, and takes its own."""
    server, _ = certified(folder, HERE)
    server.load_verify_locations(folder / "certificate.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    return server


@asynccontextmanager
async def refusing(context: ssl.SSLContext) -> AsyncGenerator[str, None]:
    """The address of a server that says with an alert why it refuses a handshake, as OpenSSL's."""

    async def handle(stream: SocketStream) -> None:
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(received, sent, server_side=True)
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    with suppress(ssl.SSLError):  # it wants more data, or has refused the client
                        tls.do_handshake()
                    if data := sent.read():
                        await stream.send(data)
                    received.write(await stream.receive())

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield f"https://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        group.cancel_scope.cancel()
