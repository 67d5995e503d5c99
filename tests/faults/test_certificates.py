"""Servers whose certificate is not to be trusted: nothing is sent to them."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import anyio
import httpx
import pytest

from spacecall import Retry, Space, TransportError
from tests.faults.exchanges import serving
from tests.faults.stub import Stub
from tests.faults.tools import DEADLINE

pytestmark = pytest.mark.requires("openssl")

HERE = "IP:127.0.0.1"
ELSEWHERE = "DNS:elsewhere.test"


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate of its own making for `name`, and a client that trusts it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=test"]
    names = ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=certificate)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, _ = certified(tmp_path, HERE)
    app = Stub()
    with anyio.fail_after(DEADLINE):
        async with serving(app, tls=server) as url:
            with pytest.raises(TransportError, match="TLS failed: CERT") as caught:
                async with Space(url, retry=Retry(attempts=1)):
                    pytest.fail("it opened")
    assert not caught.value.sent
    assert not app.requests


@pytest.mark.parametrize("name", [HERE, ELSEWHERE])
async def test_a_certificate_is_good_for_its_own_host_only(tmp_path: Path, name: str) -> None:
    server, trusting = certified(tmp_path, name)
    app = Stub()
    with anyio.fail_after(DEADLINE):
        async with (
            serving(app, tls=server) as url,
            httpx.AsyncClient(verify=trusting) as client,
        ):
            space = Space(url, retry=Retry(attempts=1), http_client=client)
            if name == HERE:
                async with space:
                    assert await space.call("/echo", text="x") == "x"
            else:
                with pytest.raises(TransportError, match="TLS failed: CERT") as caught:
                    async with space:
                        pytest.fail("it opened")
                assert not caught.value.sent
                assert not app.requests
