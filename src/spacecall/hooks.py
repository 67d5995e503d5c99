"""Functions that a Space calls as it works: for metrics, tracing, and logs of your own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from spacecall._option_checks import checked_class
from spacecall.errors import SpaceError

__all__ = [
    "CallEndDetails",
    "CallStartDetails",
    "Hooks",
    "OnCallEnd",
    "OnCallStart",
    "OnRequest",
    "OnResponse",
    "OnRetry",
    "RequestDetails",
    "ResponseDetails",
    "RetryDetails",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    """Which call it belongs to.

    Attributes:
        space: the app's address; "" while the address of a Space is looked up, and for services
            that are not an app.
        call_id: the id of the call; None for requests of no call, such as /config, and of the
            stream that several calls share.
        endpoint: the endpoint that was called, `/greet`; None without a call.
        event_id: the server's id of the job; None before the server has given one.
    """

    space: str
    call_id: str | None
    endpoint: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStartDetails(_Details):
    """A call was awaited, entered or detached; nothing has been sent yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEndDetails(_Details):
    """A call is over for its caller: it has its result or error, or left the block.

    Attributes:
        seconds: since the start of the call.
        error: what ended the call; None for a result. A block that was left early has ended with
            `JobCancelledError`.
    """

    seconds: float
    error: BaseException | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetails(_Details):
    """A request is about to be sent.

    Attributes:
        method: `GET` or `POST`.
        url: without credentials and the values of its query.
    """

    method: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDetails(RequestDetails):
    """The headers of a response have arrived, or the request has failed.

    Attributes:
        status: the HTTP status; None if the request has failed.
        seconds: since the request was sent. The body is still to be read.
        error: the class of the failure, such as `ConnectError`, or `cancelled`; None for a
            response, whatever its status.
    """

    status: int | None
    seconds: float
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDetails(_Details):
    """An attempt has failed, and another one follows.

    Attributes:
        operation: what is tried again: a request, `POST /gradio_api/queue/join`; `download` of a
            file; `stream` of a job that has one of its own; or `job`, a lost job that is
            submitted again.
        attempt: the number of the attempt that failed, from 1.
        max_attempts: how many attempts there are in all.
        wait: seconds before the next attempt.
        error: why the attempt failed.
    """

    operation: str
    attempt: int
    max_attempts: int
    wait: float
    error: SpaceError


OnCallStart: TypeAlias = Callable[[CallStartDetails], object]
"""A function that is called when a call starts."""
OnRequest: TypeAlias = Callable[[RequestDetails], object]
"""A function that is called before each request."""
OnResponse: TypeAlias = Callable[[ResponseDetails], object]
"""A function that is called after each response."""
OnRetry: TypeAlias = Callable[[RetryDetails], object]
"""A function that is called before each retry."""
OnCallEnd: TypeAlias = Callable[[CallEndDetails], object]
"""A function that is called when a call has ended."""


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Functions that a Space calls as it works: `Space(…, hooks=Hooks(on_retry=count_retry))`.

    Hooks are plain functions, for `Space` and `SyncSpace` alike. They run in the event loop, which
    waits for them: a hook must not block. What a hook returns is ignored. What it raises is logged
    as an error of the logger `spacecall.hooks`, with its traceback, and the call goes on.

    The hooks of a call run with the context variables of the code that made the call. So the
    current span of a tracing library is the span around the call.

    Attributes:
        on_call_start: before a call sends anything.
        on_request: before each request, each attempt and each redirect counted.
        on_response: after each request; exactly one for each `on_request`.
        on_retry: before the wait for another attempt.
        on_call_end: after a call; exactly one for each `on_call_start`.
    """

    on_call_start: OnCallStart | None = None
    on_request: OnRequest | None = None
    on_response: OnResponse | None = None
    on_retry: OnRetry | None = None
    on_call_end: OnCallEnd | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            hook: Any = getattr(self, field.name)
            if hook is not None and not callable(hook):
                raise TypeError(f"Hooks.{field.name} must be a function, got {type(hook).__name__}")
            if iscoroutinefunction(hook) or iscoroutinefunction(type(hook).__call__):
                raise TypeError(f"Hooks.{field.name} must be a plain function, not an async one")
