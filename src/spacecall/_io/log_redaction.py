"""Remove secrets from the records that httpx and httpcore write about requests of spacecall.

httpx logs the URL of each request of a client, and httpcore the headers of each response: a
session's hash, and the cookies of a login. Neither library offers a switch for one request, and the
records are made in their code. So a filter is added to their loggers, but only when a request is
sent while they are enabled; records of other requests are not changed.
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from spacecall._core.redaction import MASK, Redactor
from spacecall._io import _http as http
from spacecall._io.observer import masked_url

_HTTPX_LOGGERS: Final = (logging.getLogger("httpx"), logging.getLogger("httpx2"))
_HTTPCORE_LOGGERS: Final = tuple(
    logging.getLogger(f"{package}.{part}")
    for package in ("httpcore", "httpcore2")
    for part in ("connection", "http11", "http2", "proxy", "socks")
)


class _Sending:
    """A request of ours while it is being sent."""

    def __init__(self, request: http.Request, redactor: Callable[[], Redactor]) -> None:
        self.request: http.Request | None = request
        self.redactor = redactor


_sending: ContextVar[_Sending | None] = ContextVar("spacecall_sending", default=None)


@contextmanager
def redact_logs(
    request: http.Request, redactor: Callable[[], Redactor], *, by_httpx: bool
) -> Generator[None]:
    """Inside, what httpx and httpcore log in this task is of `request`, and shows no secrets.

    Args:
        redactor: called only when a record is written.
        by_httpx: whether the client of httpx sends it, which logs the URL.
    """
    if not _hide_secrets(by_httpx=by_httpx):
        yield
        return
    current = _Sending(request, redactor)
    token = _sending.set(current)
    try:
        yield
    finally:
        _sending.reset(token)
        current.request = None  # for tasks that were started inside, and took the context along


class _HttpxRecords(logging.Filter):
    """Redacts the records of httpx: one for each response, with URL and reason phrase."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = _sending.get()
        if current is None or current.request is None or not isinstance(record.args, tuple):
            return True
        url = current.request.url
        if any(argument is url for argument in record.args):
            redact = current.redactor()
            record.args = tuple(
                redact(masked_url(url)) if argument is url else _redacted(argument, redact)
                for argument in record.args
            )
        return True


class _HttpcoreRecords(logging.Filter):
    """Redacts the records of httpcore: headers of responses, and the login at a proxy."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = _sending.get()
        if current is None or current.request is None or not isinstance(record.msg, str):
            return True
        step, _, details = record.msg.partition(" ")
        if step.startswith("receive_response_headers.") and details.startswith("return_value="):
            details = _without_values(details.removeprefix("return_value="))
        elif step.startswith("setup_socks5_connection."):
            details = ""
        record.msg = current.redactor()(f"{step} {details}".rstrip())
        return True


_HTTPX_RECORDS: Final = _HttpxRecords()
_HTTPCORE_RECORDS: Final = _HttpcoreRecords()


def _hide_secrets(*, by_httpx: bool) -> bool:
    """Add a filter to each logger of the libraries that is enabled; whether one is."""
    is_enabled = False
    for logger in _HTTPX_LOGGERS:
        if by_httpx and logger.isEnabledFor(logging.INFO):
            logger.addFilter(_HTTPX_RECORDS)
            is_enabled = True
    for logger in _HTTPCORE_LOGGERS:
        if logger.isEnabledFor(logging.DEBUG):
            logger.addFilter(_HTTPCORE_RECORDS)
            is_enabled = True
    return is_enabled


def _redacted(argument: Any, redact: Redactor) -> Any:
    return redact(argument) if isinstance(argument, str) else argument


def _without_values(answer: str) -> str:
    """Return the status and the names of the headers in a record of httpcore."""
    try:
        *_, headers = fields = ast.literal_eval(answer)
        status = next(field for field in fields if isinstance(field, int))
        names = ", ".join(name.decode("latin-1") for name, _ in headers)
    except (ValueError, SyntaxError, TypeError, AttributeError, StopIteration, MemoryError):
        return MASK
    return f"status={status} headers: {names}"
