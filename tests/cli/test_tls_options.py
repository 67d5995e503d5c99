"""`--ca-file`, `--cert` and `--cert-key`: an app with a certificate of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from spacecall.cli._support.app_access import Credentials
from tests.cli.conftest import Cli, CommandResult
from tests.faults.certificates import HERE, certified, mutual
from tests.faults.exchanges import serving
from tests.faults.stub import Stub
from tests.faults.tools import DEADLINE

pytestmark = pytest.mark.requires("openssl")


async def call_echo(cli: Cli, url: str, *options: object) -> CommandResult:
    return await run_sync(lambda: cli("call", url, "/echo", "--text", "x", *options))


async def test_the_certificates_of_a_file_are_trusted(cli: Cli, tmp_path: Path) -> None:
    server, _ = certified(tmp_path, HERE)
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url:
            done = await call_echo(cli, url, "--ca-file", tmp_path / "certificate.pem")
            assert (done.code, done.out, done.err) == (0, "x\n", "")
            done = await call_echo(cli, url)
    assert done.code == 3
    assert "trust its authority with --ca-file or SSL_CERT_FILE" in done.err


async def test_the_client_certificate_is_shown(cli: Cli, tmp_path: Path) -> None:
    server = mutual(tmp_path)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    trust = ("--ca-file", certificate)
    with anyio.fail_after(DEADLINE):
        async with serving(Stub(), tls=server) as url:
            done = await call_echo(cli, url, *trust, "--cert", certificate, "--cert-key", key)
            assert (done.code, done.out) == (0, "x\n")
            assert (await call_echo(cli, url, *trust)).code == 3


def test_the_password_of_a_key_comes_from_the_environment(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified(tmp_path, HERE)
    certificate, key, encrypted = (tmp_path / f"{name}.pem" for name in ("certificate", "key", "e"))
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:correct", "-in", str(key)]
    subprocess.run([*command, "-out", str(encrypted)], check=True, capture_output=True)
    words = ("inspect", "https://127.0.0.1:1", "--cert", certificate, "--cert-key", encrypted)
    done = cli(*words)
    assert done.code == 2
    assert done.err.endswith("is encrypted: set SPACECALL_CERT_PASSWORD\n")
    monkeypatch.setenv("SPACECALL_CERT_PASSWORD", "wrong")
    done = cli(*words)
    assert done.err.startswith("spacecall: --cert: the password of the key ")
    monkeypatch.setenv("SPACECALL_CERT_PASSWORD", "correct")
    assert cli(*words).code == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ca-file", "no.pem"], "--ca-file: no.pem has no certificates in PEM"),
        (["--cert", "no.pem"], "--cert: no.pem has no certificate, or no private key, in PEM"),
        (
            ["--cert", "no.pem", "--cert-key", "k.pem"],
            "no.pem with the key k.pem: both must be PEM",
        ),
        (["--cert-key", "no.pem"], "add --cert"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(
    options: list[str], message: str, cli: Cli
) -> None:
    done = cli("inspect", "https://127.0.0.1:1", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_the_certificates_are_for_the_app_that_the_user_names(tmp_path: Path) -> None:
    certified(tmp_path, HERE)
    ca_file = str(tmp_path / "certificate.pem")
    credentials = Credentials.from_options(recipient="app.example", ca_file=ca_file)
    assert credentials.for_app("https://app.example").tls is not None
    assert credentials.options == ("--ca-file", "--for")


@pytest.mark.parametrize("model", ["llama-3.3-70b", "owner/model:together"])
def test_a_model_of_hf_inference_has_no_certificates_of_its_own(
    cli: Cli, tmp_path: Path, model: str
) -> None:
    certified(tmp_path, HERE)
    ca_file = tmp_path / "certificate.pem"
    done = cli("chat", model, "hi", "--ca-file", ca_file)
    assert done.code == 2
    assert "--ca-file and --cert are for apps" in done.err
