"""What the libraries below log."""

from __future__ import annotations

import logging

import pytest

from spacecall._io.logs import hide_cookies


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
    hide_cookies()
    hide_cookies()
    caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger(name).debug(line)
    (record,) = caplog.records
    assert record.getMessage() == (expected or "[(b'set-cookie', b'…'), (b'x', b'y')]")


def test_a_message_that_is_no_text_stays() -> None:
    hide_cookies()
    record = logging.LogRecord("httpcore.http11", logging.DEBUG, "", 0, ["list"], None, None)
    assert logging.getLogger("httpcore.http11").filter(record)
    assert record.getMessage() == "['list']"
