"""Servers whose certificate is not to be trusted: nothing is sent to them."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    ClientCertificate,
    File,
    InvalidInputError,
    Retry,
    Space,
    SyncSpace,
    TransportError,
)
from tests.client.proxies import proxy, tunnel
from tests.faults.certificates import HERE, certified, mutual, refusing
from tests.faults.exchanges import serving
from tests.faults.stub import DOWNLOAD, Stub
from tests.faults.tools import DEADLINE

pytestmark = pytest.mark.requires("openssl")

ELSEWHERE = "DNS:elsewhere.test"


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, _ = certified(tmp_path, HERE)
    app = Stub()
    with anyio.fail_after(DEADLINE):
        async with serving(app, tls=server) as url:
            with pytest.raises(TransportError, match="TLS failed: CERT") as caught:
                async with Space(url, retry=Retry(attempts=1)):
                    pytest.fail("it opened")
    assert "trust its authority with verify=" in str(caught.value)
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
                assert "not valid for '127.0.0.1'" in str(caught.value)
                assert not caught.value.sent
                assert not app.requests


async def test_a_file_of_certificates_is_trusted(tmp_path: Path) -> None:
    server, trusting = certified(tmp_path, HERE)
    certificate = tmp_path / "certificate.pem"
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url:
            for verify in (certificate, str(certificate), trusting, False):
                async with Space(url, verify=verify) as space:
                    assert await space.call("/echo", text="x") == "x"
            async with Space(url, verify=certificate) as space:
                file = await space.call("/file", file=File(b"content", name="a.txt"))
                assert await file.read() == DOWNLOAD
                own_url = f"{url}/gradio_api/file=/srv/a.txt"
                assert isinstance(await space.call("/file", file=own_url), File)


async def test_a_file_of_other_certificates_is_all_that_is_trusted(tmp_path: Path) -> None:
    folders = [tmp_path / "server", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    server, _ = certified(folders[0], HERE)
    certified(folders[1], HERE)
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url:
            space = Space(url, verify=folders[1] / "certificate.pem", retry=Retry(attempts=1))
            with pytest.raises(TransportError, match="TLS failed: CERT"):
                async with space:
                    pytest.fail("it opened")


async def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    server = mutual(tmp_path)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url:
            certs: list[ClientCertificate] = [both, (certificate, str(key))]
            for cert in certs:
                async with Space(url, verify=certificate, cert=cert) as space:
                    assert await space.call("/echo", text="x") == "x"
            space = Space(url, verify=certificate, retry=Retry(attempts=1))
            with pytest.raises(TransportError):
                async with space:
                    pytest.fail("it opened")


@pytest.mark.parametrize(
    ("has_certificate", "reason"),
    [
        (False, "the server requires a client certificate: pass it as cert="),
        (True, "the server refused the client certificate"),
    ],
)
async def test_a_server_that_refuses_the_client_after_the_handshake_says_why(
    tmp_path: Path, reason: str, *, has_certificate: bool
) -> None:
    """With TLS 1.3 the client learns it when it reads."""
    folders = [tmp_path / "server", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    context = mutual(folders[0])
    certified(folders[1], HERE)
    cert = (folders[1] / "certificate.pem", folders[1] / "key.pem") if has_certificate else None
    with anyio.fail_after(DEADLINE):
        async with refusing(context) as url:
            verify = folders[0] / "certificate.pem"
            space = Space(url, verify=verify, cert=cert, retry=Retry(attempts=1))
            with pytest.raises(TransportError, match=r"TLS failed: TLSV1.*: " + reason):
                async with space:
                    pytest.fail("it opened")


async def test_other_hosts_are_checked_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = certified(tmp_path, HERE)
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub)
            space = Space("owner/name", verify=False, retry=Retry(attempts=1))
            with pytest.raises(TransportError, match="TLS failed: CERT"):
                async with space:
                    pytest.fail("it opened")


async def test_the_app_is_checked_as_said_behind_a_proxy(tmp_path: Path) -> None:
    server, _ = certified(tmp_path, HERE)
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url, proxy(tunnel) as (port, targets):
            certificate = tmp_path / "certificate.pem"
            async with Space(url, proxy=f"http://127.0.0.1:{port}", verify=certificate) as space:
                assert await space.call("/echo", text="x") == "x"
            assert targets
            space = Space(url, proxy=f"http://127.0.0.1:{port}", retry=Retry(attempts=1))
            with pytest.raises(TransportError, match="TLS failed: CERT"):
                async with space:
                    pytest.fail("it opened")


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path in (missing, empty):
        with pytest.raises(InvalidInputError, match=f"verify: .*{path.name} has no certificates"):
            Space("http://127.0.0.1:1", verify=path)
        with pytest.raises(InvalidInputError, match=f"cert: .*{path.name} has no certificate, or"):
            SyncSpace("http://127.0.0.1:1", cert=path)


def test_a_certificate_and_a_key_that_cannot_be_loaded_are_both_named(tmp_path: Path) -> None:
    folders = [tmp_path / "mine", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        certified(folder, HERE)
    certificate, key = folders[0] / "certificate.pem", folders[0] / "key.pem"
    other_key, encrypted = folders[1] / "key.pem", folders[1] / "encrypted.pem"
    encrypt(other_key, encrypted)
    missing = tmp_path / "missing.pem"
    for cert, reason in (
        ((certificate, missing), "No such file"),
        ((missing, key), "No such file"),
        ((certificate, other_key), "MISMATCH"),
        ((certificate, encrypted, "correct"), "MISMATCH"),
        ((key, certificate), "PEM"),
    ):
        names = f"certificate .*{cert[0].name} with the key .*{cert[1].name}: both must be PEM"
        with pytest.raises(InvalidInputError, match=f"cert: cannot load the {names}.*{reason}"):
            Space("https://127.0.0.1:1", cert=cert)
    for path in (certificate, key):  # alone, without the other half
        with pytest.raises(InvalidInputError, match="has no certificate, or no private key, in"):
            Space("https://127.0.0.1:1", cert=path)


def encrypt(key: Path, target: Path) -> None:
    """Write a key with the password `correct`."""
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:correct", "-in", str(key)]
    subprocess.run([*command, "-out", str(target)], check=True, capture_output=True)


def test_the_password_of_an_encrypted_key_is_never_asked_for(tmp_path: Path) -> None:
    certified(tmp_path, HERE)
    certificate, key, encrypted = (tmp_path / f"{name}.pem" for name in ("certificate", "key", "e"))
    encrypt(key, encrypted)
    Space("https://127.0.0.1:1", cert=(certificate, encrypted, "correct"))
    with pytest.raises(InvalidInputError, match=r"e\.pem is encrypted: write \(certificate, key,"):
        Space("https://127.0.0.1:1", cert=(certificate, encrypted))
    with pytest.raises(InvalidInputError, match=r"the password of the key .*e\.pem is wrong"):
        Space("https://127.0.0.1:1", cert=(certificate, encrypted, "hunter2"))


@pytest.mark.parametrize("cert", [(), ["a.pem", "b.pem"], ("a", "b", "c", "d"), ("a", "b", 1), 5])
def test_a_client_certificate_of_another_form_is_refused(cert: Any) -> None:
    with pytest.raises(TypeError, match=r"cert(\[2\])? must be"):
        Space("https://127.0.0.1:1", cert=cert)


def test_options_of_tls_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be combined with http_client"):
        Space("http://127.0.0.1:1", verify=False, http_client=httpx.AsyncClient())
    with pytest.raises(ValueError, match="load the certificate into the SSLContext"):
        Space("http://127.0.0.1:1", verify=ssl.create_default_context(), cert="client.pem")
