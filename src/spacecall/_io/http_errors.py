"""Errors of `spacecall.errors` from exceptions of the HTTP library and from error responses."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from spacecall._core import auth_hints
from spacecall._core.json_values import as_list
from spacecall._core.markup import strip_markup
from spacecall._core.redaction import Redactor, redact_error
from spacecall._core.retry_delays import parse_rate_limit_reset, parse_retry_after
from spacecall._io import _http as http
from spacecall._io.proxies import describe_proxy
from spacecall._io.response_body import MAX_ERROR_BYTES
from spacecall._io.tls import describe_tls_error
from spacecall.errors import (
    AuthError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    QueueFullError,
    RateLimitedError,
    SpaceError,
    StatusError,
    TransportError,
)

_MAX_PROBLEMS = 100

_GATEWAY_STATUSES = (502, 503, 504)
_CONNECT_ERRORS = (OSError, OverflowError, UnicodeError)
_NOT_SENT = ("ConnectError", "ProxyError", "UnsupportedProtocol", "LocalProtocolError")


@contextmanager
def map_http_errors(space: str, redactor: Callable[[], Redactor] = Redactor) -> Generator[None]:
    """Convert exceptions of httpx and httpx2 into `TransportError` and `DeadlineError`.

    A `MemoryError` becomes a `ProtocolError`: the response is too large. Errors of connecting that
    are not of the HTTP library, alone or as a group (asyncio), become a `TransportError`.

    Args:
        redactor: returns a redactor for the messages; called only if there is an error.
    """
    try:
        yield
    except http.error_types("ConnectTimeout", "PoolTimeout") as error:
        proxy = _proxy_of(error)
        text = f"no connection{f' through the proxy {proxy}' if proxy else ''} in time"
        failure: SpaceError = DeadlineError(text, phase="connect", space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__
    except http.error_types("TimeoutException") as error:
        failure = DeadlineError("the server went silent", phase="idle", space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__
    except http.error_types("InvalidURL", UnicodeError) as error:  # UnicodeError: the host
        failure = InvalidInputError(f"not a valid URL: {error}", space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__
    except SpaceError as error:
        redact_error(error, redactor())
        raise
    except MemoryError as error:
        raise ProtocolError("the response does not fit into memory", space=space) from error
    except http.error_types("HTTPError") as error:
        sent = not isinstance(error, http.error_types(*_NOT_SENT))
        failure = TransportError(_describe_failure(error), sent=sent, space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__
    except ssl.SSLError as error:  # an alert after the handshake, with asyncio and TLS 1.3
        text = f"TLS failed: {describe_tls_error(error)}"
        failure = TransportError(text, sent=True, space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__
    except (OverflowError, ExceptionGroup) as error:
        causes = _find_connect_errors(error)
        if not causes:
            raise
        failure = TransportError(f"cannot connect: {causes[0]}", sent=False, space=space)
        raise _without_secrets(failure, error, redactor) from failure.__cause__


def _find_connect_errors(error: Exception) -> list[Exception]:
    """Return the errors of connecting in `error`; an empty list if it has others too."""
    if not isinstance(error, ExceptionGroup):
        return [error] if isinstance(error, _CONNECT_ERRORS) else []
    group = cast("ExceptionGroup[Exception]", error)
    causes = [_find_connect_errors(cause) for cause in group.exceptions]
    return [cause for errors in causes for cause in errors] if all(causes) else []


def _without_secrets(
    failure: SpaceError, cause: Exception, redactor: Callable[[], Redactor]
) -> SpaceError:
    if isinstance(cause, http.error_types("HTTPError")):
        cast("Any", cause).request = None  # its headers have credentials
    failure.__cause__ = cause
    redact_error(failure, redactor())
    return failure


def _describe_failure(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {describe_tls_error(cause)}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, http.error_types("ConnectError")):
        proxy = _proxy_of(error)
        return f"cannot connect{f' to the proxy {proxy}' if proxy else ''}: {error}"
    reason = str(error) or type(error).__name__
    if isinstance(error, http.error_types("ProxyError")) and (proxy := _proxy_of(error)):
        return f"the proxy {proxy} refused the connection: {reason}"
    return f"the connection broke: {reason}"


def _proxy_of(error: Exception) -> str:
    try:
        return describe_proxy(cast("http.HTTPError", error).request)
    except RuntimeError:  # the error has no request
        return ""


def build_status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    space: str,
    redact: Redactor | None = None,
    proxy: str = "",
) -> StatusError:
    """Return the typed error for an error response.

    Args:
        now: the time as `time.time()` returns it.
        proxy: the proxy that forwarded the request, as `describe_proxy` names it.
        redact: applied to all texts of the server, also to the error's `body`.
    """
    redact = redact or Redactor()
    text = redact.cut(body.decode(errors="replace"), complete=len(body) < MAX_ERROR_BYTES)
    detail, problems = _ErrorBodyParser(redact).detail(text, headers.get("content-type", ""))
    context: dict[str, Any] = {
        "status": status,
        "body": text,
        "space": space,
    }
    error: StatusError
    if status in (401, 403):
        error = AuthError(_auth_message(status, detail), **context)
    elif status == 404:
        error = NotFoundError(f"not found: {detail}", **context)
    elif status in (413, 422):
        problems = problems or [detail]
        error = InvalidInputError("; ".join(problems), problems=problems, **context)
    elif status == 429:
        error = RateLimitedError(f"too many requests: {detail}", **context)
    elif status == 503 and "queue is full" in detail.lower():
        error = QueueFullError(detail, **context)
    else:
        error = StatusError(f"{_who_answered(status, proxy)} {status}: {detail}", **context)
    error.retry_after = parse_retry_after(headers.get("retry-after"), now)
    if status == 429 and error.retry_after is None:
        error.retry_after = parse_rate_limit_reset(headers.get("ratelimit"))
    provider = headers.get("x-inference-provider")
    error.provider = provider and redact(provider)
    return error


def _who_answered(status: int, proxy: str) -> str:
    if status == 407:
        return f"the proxy {proxy or 'of the network'} requires a password: it answered"
    if proxy and status in _GATEWAY_STATUSES:
        return f"the server, or the proxy {proxy}, answered"
    return "the server answered"


def _auth_message(status: int, detail: str) -> str:
    if status == 403:
        return f"refused: {detail}"
    return f"{detail}: the app requires a login{auth_hints.LOGIN}"


class _ErrorBodyParser:
    """Extracts a readable message from the body of an error response."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def detail(self, text: str, content_type: str) -> tuple[str, list[str]]:
        """Return a readable line, and the problems of a 422."""
        if "html" in content_type:
            return f"an HTML page: {self._redact.cut(strip_markup(text), 120)!r}", []
        try:
            body: Any = json.loads(text)
        except (ValueError, RecursionError):
            return self._short(text), []
        if isinstance(body, dict):
            body = cast("dict[str, Any]", body)
            body = body.get("detail", body.get("error", body))
        if isinstance(body, dict):
            body = cast("dict[str, Any]", body)
            body = body.get("error") or body.get("message") or body
        if isinstance(body, list):
            entries = cast("list[Any]", body)
            problems = [self._problem(entry) for entry in entries[:_MAX_PROBLEMS]]
            if len(entries) > len(problems):
                problems.append(f"… and {len(entries) - len(problems)} more")
            return "the input was refused", problems
        if body is None:  # the app hides its errors
            return self._short(""), []
        return self._short(body if isinstance(body, str) else json.dumps(body)), []

    def _problem(self, entry: Any) -> str:
        """Describe an entry of a 422: of gr.validate (5.x, 6.x), or of FastAPI."""
        if not isinstance(entry, dict):
            return self._short(str(entry))
        fields = cast("dict[str, Any]", entry)
        location = fields.get("parameter_name") or ".".join(map(str, as_list(fields.get("loc"))))
        message = fields.get("message") or fields.get("msg") or json.dumps(fields)
        return self._short(f"{location}: {message}" if location else str(message))

    def _short(self, text: str) -> str:
        text = self._redact.cut(text, 301)
        return (text[:297] + "…" if len(text) > 300 else text).strip() or "no explanation"
