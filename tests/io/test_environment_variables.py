"""Certificates and proxies that the environment names."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spacecall import InvalidInputError, Space, SpaceError, TransportError
from spacecall._io.tls import ssl_context
from tests.faults.exchanges import unused_port

PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*PROXIES, "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    ssl_context.cache_clear()
    yield
    ssl_context.cache_clear()


async def failure(url: str) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        async with Space(url):
            pass
    return caught.value


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "none"))
    error = await failure(f"https://127.0.0.1:{unused_port()}")
    assert error.message.startswith(f"{variable} is {tmp_path / 'none'}: ")
    assert "No such file" in error.message or "folder does not exist" in error.message


async def test_a_file_without_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "x.pem"))
    assert "SSL_CERT_FILE" in (await failure(f"https://127.0.0.1:{unused_port()}")).message


async def test_no_certificates_are_read_for_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with pytest.raises(TransportError, match="cannot connect"):
        async with Space(f"http://127.0.0.1:{unused_port()}"):
            pass


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["ftp://u:secret@h", "http://u:secret@h:port"])
async def test_a_variable_that_names_no_proxy_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    error = await failure("http://app.invalid")
    assert error.message.startswith(f"the proxy of {variable} must be http://host:port")
    assert "secret" not in str(error)


async def test_a_proxy_of_the_environment_that_does_not_run_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = unused_port()
    monkeypatch.setenv("HTTP_PROXY", f"u:secret@127.0.0.1:{port}")
    with pytest.raises(TransportError) as caught:
        async with Space("http://app.invalid"):
            pass
    expected = f"cannot connect to the proxy http://127.0.0.1:{port} (HTTP_PROXY): "
    assert caught.value.message.startswith(expected)


class _RefusingProxy(BaseHTTPRequestHandler):
    """A proxy that demands another password."""

    def do_GET(self) -> None:
        self.send_response(407)
        self.send_header("content-length", "0")
        self.end_headers()

    do_CONNECT = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    variable = f"{scheme.upper()}_PROXY"
    with ThreadingHTTPServer(("127.0.0.1", 0), _RefusingProxy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv(variable, address.replace("://", "://u:secret@"))
        try:
            with pytest.raises(SpaceError) as caught:
                async with Space(f"{scheme}://app.invalid"):
                    pass
        finally:
            server.shutdown()
            thread.join()
    assert f"the proxy {address} ({variable}) " in caught.value.message
    assert "407" in caught.value.message
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_is_not_for_the_app_is_not_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{unused_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(TransportError, match="cannot connect") as caught:
        async with Space(f"http://127.0.0.1:{unused_port()}"):
            pass
    assert "PROXY" not in caught.value.message
