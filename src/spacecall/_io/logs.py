"""What the libraries below log."""

from __future__ import annotations

import logging
import re
from typing import Final

import httpx

_COOKIE: Final = re.compile(
    r"""(b'set-cookie', )b(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.IGNORECASE
)
_SESSION: Final = re.compile(r"\b(session_hash|upload_id)=[^&\s]+")
_LOGGERS: Final = ("httpcore.http11", "httpcore.http2")


class _NoCookies(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = _COOKIE.sub(r"\1b'…'", record.msg)
        return True


class _NoSessions(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _SESSION.sub(r"\1=…", str(one)) if isinstance(one, httpx.URL) else one
                for one in record.args
            )
        return True


_NO_COOKIES: Final = _NoCookies()
_NO_SESSIONS: Final = _NoSessions()


def hide_secrets() -> None:
    """Keep cookies and session hashes out of the libraries' logs.

    httpcore shows the headers of every answer at DEBUG, httpx the url of every request at INFO.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_NO_COOKIES)
    logging.getLogger("httpx").addFilter(_NO_SESSIONS)
