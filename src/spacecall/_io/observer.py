"""Log records and hooks: what happens to requests, calls, jobs and streams."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar

from spacecall._core.json_values import describe_error
from spacecall._core.redaction import MASK, Redactor, redact_error
from spacecall._io import _http as http
from spacecall._io.call_trace import CallTrace, current_trace, new_trace
from spacecall._io.retrying import OnRetry
from spacecall._visible import escape_commands, shorten, visible_line
from spacecall.errors import SpaceError
from spacecall.hooks import (
    CallEndDetails,
    CallStartDetails,
    Hooks,
    RequestDetails,
    ResponseDetails,
    RetryDetails,
)

logging.getLogger("spacecall").addHandler(logging.NullHandler())

CLIENT: Final = logging.getLogger("spacecall.client")
"""Apps, calls, jobs, sessions and their streams."""
HTTP: Final = logging.getLogger("spacecall.http")
"""Requests and retries."""
_HOOKS: Final = logging.getLogger("spacecall.hooks")

_MAX_TEXT: Final = 300
"""Characters of a text in a record."""
_MAX_ID: Final = 80
"""Characters of the server's id of a job."""

D = TypeVar("D")


def masked_url(url: http.URL) -> str:
    """Return `url` without user, fragment and the values of its query."""
    masked = str(url.copy_with(userinfo=b"", query=None, fragment=None))
    parameters = [parameter.partition("=") for parameter in url.query.decode("latin-1").split("&")]
    query = "&".join(
        name + separator + MASK if separator else MASK for name, separator, _ in parameters
    )
    return f"{masked}?{query}" if url.query else masked


class Observer:
    """Writes log records about one app, and calls the hooks of a Space; both without secrets.

    Nothing is formatted or redacted unless a record or a hook needs it.

    Args:
        space: the app's address.
        hooks: of the Space.
        redactor: called when something is logged or a hook is called.
    """

    __slots__ = ("_hooks", "_redactor", "_space")

    def __init__(self, space: str, hooks: Hooks | None, redactor: Callable[[], Redactor]) -> None:
        self._space = space
        self._hooks = hooks
        self._redactor = redactor

    def new_trace(self, endpoint: str) -> CallTrace:
        """Return the trace of a call that begins."""
        return new_trace(endpoint, self._hooks)

    def log(
        self,
        logger: logging.Logger,
        level: int,
        message: str,
        *args: object,
        trace: CallTrace | None = None,
        stacklevel: int = 2,
    ) -> None:
        """Write a record.

        Args:
            message: with a %-format for each of `args`.
            args: texts and errors are redacted, shortened and made safe to show.
            trace: of the call that it is about; by default the current one.
            stacklevel: see `logging`.
        """
        if not logger.isEnabledFor(level):
            return
        redact = self._redactor()
        identity = self._identity(trace or current_trace(), redact)
        if identity["call_id"] is not None:
            message += " [call %s]"
            args = (*args, identity["call_id"])
        cleaned = tuple(_clean(argument, redact) for argument in args)
        logger.log(level, message, *cleaned, extra=identity, stacklevel=stacklevel)

    async def send(
        self,
        request: http.Request,
        send: Callable[[], Awaitable[http.Response]],
    ) -> http.Response:
        """Send a request, with a record and the hooks of its beginning and its end."""
        if self._hooks is None and not HTTP.isEnabledFor(logging.DEBUG):
            return await send()
        url = masked_url(request.url)
        self._call_hook("on_request", RequestDetails, method=request.method, url=url)
        started = time.monotonic()
        try:
            response = await send()
        except BaseException as error:
            # trio and asyncio have classes of their own for a cancellation
            failure = type(error).__name__ if isinstance(error, Exception) else "cancelled"
            self._report(request.method, url, started, None, failure)
            raise
        self._report(request.method, url, started, response.status_code, None)
        return response

    def _report(
        self, method: str, url: str, started: float, status: int | None, failure: str | None
    ) -> None:
        seconds = time.monotonic() - started
        outcome = failure if status is None else status
        self.log(HTTP, logging.DEBUG, "%s %s: %s after %.3f s", method, url, outcome, seconds)
        self._call_hook(
            "on_response",
            ResponseDetails,
            method=method,
            url=url,
            status=status,
            seconds=seconds,
            error=failure,
        )

    def on_retry(self, operation: str) -> OnRetry:
        """Return the function that reports the retries of an operation; see `RetryDetails`."""
        return partial(self.report_retry, operation)

    def report_retry(
        self, operation: str, error: SpaceError, attempt: int, max_attempts: int, wait: float
    ) -> None:
        """Report that an attempt failed and another one follows; see `RetryDetails`."""
        self.log(
            HTTP if operation != "job" else CLIENT,
            logging.WARNING,
            "%s: attempt %d of %d failed, the next one follows in %.2f s: %s",
            operation,
            attempt,
            max_attempts,
            wait,
            error,
            stacklevel=3,
        )
        self._call_hook(
            "on_retry",
            RetryDetails,
            operation=operation,
            attempt=attempt,
            max_attempts=max_attempts,
            wait=wait,
            error=error,
        )

    def start_call(self, trace: CallTrace) -> None:
        """Report that a call begins."""
        self.log(CLIENT, logging.DEBUG, "call of %s started", trace.endpoint, trace=trace)
        if not trace.is_nested:
            self._call_hook("on_call_start", CallStartDetails, trace)

    def end_call(self, trace: CallTrace, error: BaseException | None) -> None:
        """Report that a call is over, once."""
        if trace.ended:
            return
        trace.ended = True
        seconds = time.monotonic() - trace.started
        outcome: object = "ended" if error is None else error
        self.log(
            CLIENT,
            logging.DEBUG,
            "call of %s is over after %.3f s: %s",
            trace.endpoint,
            seconds,
            outcome,
            trace=trace,
        )
        if not trace.is_nested:
            self._call_hook("on_call_end", CallEndDetails, trace, seconds=seconds, error=error)

    def _identity(self, trace: CallTrace | None, redact: Redactor) -> dict[str, str | None]:
        """Return the attributes that every record and all details have."""
        event_id = None if trace is None else trace.event_id
        return {
            "space": redact(self._space),
            "call_id": None if trace is None else trace.call_id,
            "endpoint": None if trace is None or trace.endpoint is None else redact(trace.endpoint),
            "event_id": None if event_id is None else _safe(event_id, redact, _MAX_ID),
        }

    def _call_hook(
        self, name: str, details: Callable[..., D], trace: CallTrace | None = None, **fields: Any
    ) -> None:
        hook: Callable[[D], object] | None = getattr(self._hooks, name, None)
        if hook is None:
            return
        trace = trace or current_trace()
        redact = self._redactor()
        for field, text in fields.items():
            if isinstance(text, str):
                fields[field] = redact(text)
        if isinstance(error := fields.get("error"), SpaceError):
            redact_error(error, redact)
        identity = self._identity(trace, redact)
        value = details(**identity, **fields)
        try:
            if trace is None or trace.context is None:
                hook(value)
            else:
                trace.context.run(hook, value)
        except KeyboardInterrupt:  # may be the user's Ctrl-C, not the hook's
            raise
        except BaseException:  # noqa: BLE001 - others' calls may run in this task
            _HOOKS.exception("Hooks.%s raised an exception", name, extra=identity)


def _clean(value: object, redact: Redactor) -> object:
    """Return what a record may show of an argument."""
    if isinstance(value, BaseException):
        message = value.message if isinstance(value, SpaceError) else describe_error(value)
        value = f"{type(value).__name__}: {message}"
    return _safe(value, redact, _MAX_TEXT) if isinstance(value, str) else value


def _safe(text: str, redact: Redactor, limit: int) -> str:
    return escape_commands(shorten(visible_line(redact.cut(text, limit + 1)), limit))
