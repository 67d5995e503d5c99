"""What the libraries below log: of our own requests no secrets, of any other what it was."""

from __future__ import annotations

import logging
from collections.abc import Generator

import anyio
import httpx
import pytest

from spacecall import Auth
from spacecall._core.gradio_requests import Request
from spacecall._core.redaction import Redactor
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.log_redaction import redact_logs
from spacecall._io.observer import masked_url
from tests.io.tools import SETTINGS, answering, ok, open_app_client, server

HTTPX = logging.getLogger("httpx")
WIRE = logging.getLogger("httpcore.http11")
SECRET = "s3cr3t-" + "x" * 17
LEAKS = answering(
    200, b"{}", set_cookie=f"sid={SECRET}; Path=/", location=SECRET, x_echo=f"you are {SECRET}"
)
GET = Request("GET", "/a", {"session_hash": SECRET, "x": "1"})


@pytest.fixture(autouse=True)
def _all_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    names = ("http", "spacecall")
    return [record.getMessage() for record in caplog.records if record.name.startswith(names)]


async def test_our_own_requests_are_logged_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = SETTINGS.override(headers={"x-key": SECRET})
    auth = Auth(token=SECRET, hosts=["127.0.0.1"])
    async with (
        server(LEAKS) as app,
        open_app_client(app.url, auth=auth, settings=settings) as app_client,
    ):
        await app_client.fetch(GET)
        url = app.url.replace("//", f"//user:{SECRET}@")
        async with app_client.download(f"{url}/f?X-Signature={SECRET}&bare{SECRET}#{SECRET}"):
            pass
    text = "\n".join(lines(caplog))
    assert SECRET not in text
    assert f"GET {app.url}/a?session_hash=…&x=…: 200 after " in text
    assert f"GET {app.url}/f?X-Signature=…&…: 200 after " in text
    assert "receive_response_headers.complete status=200 headers: " in text
    assert "set-cookie" in text


async def test_a_lent_client_logs_no_secrets_either(caplog: pytest.LogCaptureFixture) -> None:
    async with server(LEAKS) as app, httpx.AsyncClient() as client:
        auth = Auth(token=SECRET, hosts=["127.0.0.1"])
        limiter = anyio.Semaphore(2)
        app_client = AppHttpClient(client, app.url, auth=auth, settings=SETTINGS, limiter=limiter)
        await app_client.fetch(GET)
        assert SECRET not in "\n".join(lines(caplog))
        assert f"GET {app.url}/a?session_hash=…&x=… " in "\n".join(lines(caplog))


async def test_the_callers_own_requests_are_logged_as_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with server(LEAKS) as app, httpx.AsyncClient() as client:
        app_client = AppHttpClient(
            client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
        )
        await app_client.fetch(GET)
        caplog.clear()
        await client.get(f"{app.url}/a?session_hash={SECRET}&upload_id=1")
    text = "\n".join(lines(caplog))
    assert f"GET {app.url}/a?session_hash={SECRET}&upload_id=1 " in text
    assert f"(b'set-cookie', b'sid={SECRET}; Path=/')" in text


async def test_a_request_that_a_hook_of_the_caller_makes_is_logged_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with server(ok) as app, httpx.AsyncClient() as second:

        async def hook(_: httpx.Request) -> None:
            await second.get(f"{app.url}/hook?session_hash=visible")

        async with httpx.AsyncClient(event_hooks={"request": [hook]}) as client:
            app_client = AppHttpClient(
                client, app.url, auth=None, settings=SETTINGS, limiter=anyio.Semaphore(2)
            )
            await app_client.fetch(GET)
    text = "\n".join(lines(caplog))
    assert "/hook?session_hash=visible " in text
    assert "/a?session_hash=…&x=… " in text


async def test_what_was_begun_during_a_request_of_ours_is_not_ours_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on = anyio.Event()
    line = f"receive_response_headers.complete return_value=(200, [(b'a', b'{SECRET}')])"

    async def later() -> None:
        await go_on.wait()
        WIRE.debug(line)

    async with anyio.create_task_group() as group:
        with redact_logs(httpx.Request("GET", "http://a/"), Redactor, by_httpx=True):
            group.start_soon(later)
        go_on.set()
    assert lines(caplog) == [line]


@pytest.fixture
def _ours() -> Generator[None]:
    with redact_logs(httpx.Request("GET", "http://a/"), lambda: Redactor([SECRET]), by_httpx=True):
        yield


@pytest.mark.usefixtures("_ours")
@pytest.mark.parametrize("part", ["connection", "http11", "http2", "proxy", "socks"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("connect_tcp.started host='a' port=1", None),
        ("close.started", None),
        (
            f"send_request_headers.failed exception=X('{SECRET}')",
            "send_request_headers.failed exception=X('…')",
        ),
        (
            "receive_response_headers.complete return_value="
            "(b'HTTP/1.1', 200, b'OK secret', [(b'Set-Cookie', b\"it's secret\"), (b'x', b'y')])",
            "receive_response_headers.complete status=200 headers: Set-Cookie, x",
        ),
        (
            "receive_response_headers.complete return_value=(200, [(b'x', b'secret')])",
            "receive_response_headers.complete status=200 headers: x",
        ),
        (
            "receive_response_headers.complete return_value=<odd secret>",
            "receive_response_headers.complete …",
        ),
        (
            "receive_response_headers.complete return_value=(b'secret', [])",
            "receive_response_headers.complete …",
        ),
        (
            "setup_socks5_connection.started auth=(b'user', b'secret')",
            "setup_socks5_connection.started",
        ),
    ],
)
def test_a_step_is_shown_without_what_may_be_secret(
    caplog: pytest.LogCaptureFixture, part: str, line: str, expected: str | None
) -> None:
    logging.getLogger(f"httpcore.{part}").debug(line)
    assert lines(caplog) == [expected or line]


@pytest.mark.usefixtures("_ours")
def test_records_of_any_other_shape_stay(caplog: pytest.LogCaptureFixture) -> None:
    WIRE.debug(["a", "list"])
    HTTPX.info("%(a)s", {"a": 1})
    HTTPX.info("plain")
    HTTPX.info("%s", httpx.URL("http://b/?session_hash=1"))
    assert lines(caplog) == ["['a', 'list']", "1", "plain", "http://b/?session_hash=1"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a/b", "http://a/b"),
        ("http://user:pw@a:81/b?c=d&e&=f&g=#h", "http://a:81/b?c=…&…&=…&g=…"),
        ("https://[::1]/%C3%A4?%C3%A4=1", "https://[::1]/%C3%A4?%C3%A4=…"),
    ],
)
def test_a_url_is_shown_without_user_and_values(url: str, expected: str) -> None:
    assert masked_url(httpx.URL(url)) == expected
