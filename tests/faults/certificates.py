"""Certificates of the tests' own making, and servers that have them. They need `openssl`."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

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
