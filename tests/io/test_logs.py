"""What the libraries below log."""

from __future__ import annotations

import logging

import httpx
import pytest

from spacecall._io.logs import hide_secrets


@pytest.mark.parametrize("name", ["httpcore.http11", "httpcore.http2"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "(b'HTTP/1.1', 200, b'OK', [(b'Set-Cookie', b'a=secret; Path=/'), (b'x', b'y')])",
            "(b'HTTP/1.1', 200, b'OK', [(b'Set-Cookie', b'…'), (b'x', b'y')])",
        ),
        (r"""(b'set-cookie', b'it\'s "secret"')""", "(b'set-cookie', b'…')"),
        ("""[(b'set-cookie', b"it's secret"), (b'x', b'y')]""", None),
        ("(b'content-type', b'text/html')", "(b'content-type', b'text/html')"),
    ],
)
def test_a_cookie_is_left_out(
    caplog: pytest.LogCaptureFixture, name: str, line: str, expected: str | None
) -> None:
    hide_secrets()
    hide_secrets()
    caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger(name).debug(line)
    (record,) = caplog.records
    assert record.getMessage() == (expected or "[(b'set-cookie', b'…'), (b'x', b'y')]")


def test_a_message_that_is_no_text_stays() -> None:
    hide_secrets()
    record = logging.LogRecord("httpcore.http11", logging.DEBUG, "", 0, ["list"], None, None)
    assert logging.getLogger("httpcore.http11").filter(record)
    assert record.getMessage() == "['list']"


def test_a_session_is_left_out_of_the_urls_of_requests(caplog: pytest.LogCaptureFixture) -> None:
    hide_secrets()
    caplog.set_level(logging.INFO, logger="httpx")
    url = httpx.URL("http://a/upload?upload_id=secret&x=1&session_hash=secret")
    logging.getLogger("httpx").info("HTTP Request: %s %s", "GET", url)
    (record,) = caplog.records
    assert record.getMessage() == "HTTP Request: GET http://a/upload?upload_id=…&x=1&session_hash=…"
