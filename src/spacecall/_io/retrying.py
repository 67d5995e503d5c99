"""Retries of requests that the server cannot have accepted."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import anyio

from spacecall._core.retry_delays import retry_delays
from spacecall.errors import (
    DeadlineError,
    SpaceError,
    StatusError,
    TransportError,
)
from spacecall.options import Retry

T = TypeVar("T")
OnRetry: TypeAlias = Callable[[SpaceError, int, int, float], None]
"""Called before a wait: with the error, the number of the attempt, the maximum, and the seconds."""


async def run_with_retries(
    attempt: Callable[[], Awaitable[T]], retry: Retry, *, idempotent: bool, on_retry: OnRetry
) -> T:
    """Return the result of `attempt`; repeat it after failures that are safe to repeat.

    Args:
        idempotent: whether a request that may have reached the server can be sent again.
    """
    waits = retry_delays(retry, random.random)
    number = 0
    while True:
        number += 1
        try:
            return await attempt()
        except SpaceError as error:
            retry_after = _retry_after(error)
            if retry_after is None and not _is_repeatable(error, idempotent=idempotent):
                raise
            wait = next(waits, None)
            if wait is None or (retry_after or 0) > retry.wait_max:
                raise
            wait = max(wait, retry_after or 0)
            on_retry(error, number, retry.attempts, wait)
        await anyio.sleep(wait)


def _retry_after(error: SpaceError) -> float | None:
    """Return the seconds for which a server that refused the request wants no other one."""
    if isinstance(error, StatusError) and error.status in (429, 503):
        return error.retry_after
    return None


def _is_repeatable(error: SpaceError, *, idempotent: bool) -> bool:
    if isinstance(error, TransportError):
        return idempotent or not error.sent
    if isinstance(error, DeadlineError):
        return error.phase == "connect"
    return idempotent and isinstance(error, StatusError) and error.status in (502, 503, 504)
