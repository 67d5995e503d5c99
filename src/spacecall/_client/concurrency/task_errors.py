"""Handle the errors of background tasks, so that one failed call does not end the others."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import cast

import anyio

from spacecall._io.observer import CLIENT, Observer
from spacecall.errors import JobCancelledError


@contextmanager
def redirect_errors(on_error: Callable[[Exception], None]) -> Generator[None]:
    """Pass an exception raised inside to `on_error`, so that the task group continues.

    The cancellation of this task is raised, as are KeyboardInterrupt and SystemExit. On asyncio an
    awaitable of the caller may raise `CancelledError` although this task was not cancelled, which
    would end the whole group: it is passed on as a `JobCancelledError`.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        failure = JobCancelledError("what the call was waiting for was cancelled")
        failure.__cause__ = error
        on_error(failure)
    except Exception as error:  # noqa: BLE001 - code of the caller may raise anything
        on_error(error)


@contextmanager
def suppress_cancel_errors(observer: Observer, subject: str) -> Generator[None]:
    """Log errors raised inside, where a request cancels `subject` on the server."""

    def ignore(error: Exception) -> None:
        text = "cannot cancel %s on the server: %s"
        observer.log(CLIENT, logging.WARNING, text, subject, error)

    with redirect_errors(ignore):
        yield


def is_cancellation(error: BaseException) -> bool:
    """Return whether an error, or one in its group, is the cancellation that was asked for."""
    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        found = group.subgroup(cancelled) is not None
    else:
        found = isinstance(error, cancelled)
    # On asyncio anyone may raise it, on trio only a cancelled scope.
    return found and (cancelled is not asyncio.CancelledError or _is_cancelled())


def _is_cancelled() -> bool:
    """Return whether this task, or a scope around it, was cancelled."""
    task = asyncio.current_task()
    cancelling = task is not None and task.cancelling() > 0
    return cancelling or anyio.current_effective_deadline() == -math.inf
