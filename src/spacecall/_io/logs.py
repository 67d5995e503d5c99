"""What the libraries below log."""

from __future__ import annotations

import logging
import re
from typing import Final

_COOKIE: Final = re.compile(
    r"""(b'set-cookie', )b(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.IGNORECASE
)
_LOGGERS: Final = ("httpcore.http11", "httpcore.http2")


class _NoCookies(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = _COOKIE.sub(r"\1b'…'", record.msg)
        return True


_NO_COOKIES: Final = _NoCookies()


def hide_cookies() -> None:
    """Keep cookies out of httpcore's log, which at DEBUG shows the headers of every answer."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_NO_COOKIES)
