"""What keeps the failure of one call from the others: background work ends no task group."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from spacecall._core.json_values import describe_error
from spacecall.errors import JobCancelledError

log = logging.getLogger("spacecall")


@contextmanager
def redirect_errors(fail: Callable[[Exception], None]) -> Generator[None]:
    """Hand an exception raised inside to `fail`, so that the task group around it goes on.

    Cancellation of this task passes, and so do KeyboardInterrupt and SystemExit. On asyncio a
    `CancelledError` can come from an awaitable of the caller's although nobody has cancelled this
    task; it would end the whole group. That one becomes a `JobCancelledError`.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        failure = JobCancelledError("what the call was waiting for was cancelled")
        failure.__cause__ = error
        fail(failure)
    except Exception as error:  # noqa: BLE001 - whatever the code of a caller or a client raises
        fail(error)


@contextmanager
def suppress_cancel_errors(subject: str | int) -> Generator[None]:
    """Inside, the server is told to cancel `subject`: nobody waits to hear whether it did."""

    def ignore(error: Exception) -> None:
        log.debug("the cancel of %s was not heard: %s", subject, describe_error(error))

    with redirect_errors(ignore):
        yield


def _is_cancelled() -> bool:
    """Whether a scope around this task, or the task itself, has been cancelled."""
    task = asyncio.current_task()
    cancelling = task is not None and task.cancelling() > 0
    return cancelling or anyio.current_effective_deadline() == -math.inf
