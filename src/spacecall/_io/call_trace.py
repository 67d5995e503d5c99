"""Which call the running code works for, so that log records and hooks can say so."""

from __future__ import annotations

import secrets
import time
from contextlib import AbstractContextManager, suppress
from contextvars import Context, ContextVar, Token, copy_context
from dataclasses import dataclass, field
from typing import Final

from spacecall.hooks import Hooks


@dataclass(slots=True, eq=False)
class CallTrace:
    """What log records and hooks say of a call.

    Attributes:
        call_id: 16 hexadecimal digits; None for work that several calls share.
        endpoint: the endpoint as the call names it.
        event_id: the server's id of the job, once it has one.
        context: the context variables of the code that made the call, for its hooks; None for
            those of the running task.
        is_nested: whether the call is a part of another call, whose id it has.
        started: seconds of `time.monotonic`.
        ended: whether the call is over.
    """

    call_id: str | None
    endpoint: str | None = None
    event_id: str | None = None
    context: Context | None = None
    is_nested: bool = False
    started: float = field(default_factory=time.monotonic)
    ended: bool = False


_CURRENT: Final[ContextVar[CallTrace | None]] = ContextVar("spacecall_call", default=None)


def current_trace() -> CallTrace | None:
    """Return the trace of the call that the running code works for; None outside of calls."""
    return _CURRENT.get()


def new_trace(endpoint: str, hooks: Hooks | None) -> CallTrace:
    """Return the trace of a call that begins; inside another call, a part of that one.

    Args:
        hooks: for which the context variables are kept; None if there are none.
    """
    outer = _CURRENT.get()
    if outer is not None and outer.call_id is not None and not outer.ended:
        return CallTrace(outer.call_id, endpoint, context=outer.context, is_nested=True)
    context = None if hooks is None else copy_context()
    return CallTrace(secrets.token_hex(8), endpoint, context=context)


class _Tracing:
    """Sets the current trace. A generator function is not used, since that would take longer."""

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: CallTrace) -> None:
        self._trace = trace
        self._token: Token[CallTrace | None] | None = None

    def __enter__(self) -> None:
        self._token = _CURRENT.set(self._trace)

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        with suppress(ValueError):  # a coroutine that was dropped is closed in another context
            _CURRENT.reset(self._token)


def tracing(trace: CallTrace) -> AbstractContextManager[None]:
    """Let the code inside work for the call of `trace`."""
    return _Tracing(trace)


def shared_trace() -> CallTrace:
    """Return the trace of work that several calls share.

    A task inherits the context variables of the call that happened to start it. This trace, with an
    empty context, keeps the records and hooks of the task from being attributed to that call.
    """
    return CallTrace(None, context=Context())
