"""Compute how long to wait before the next attempt.

Which failures are retried, and the wait that `Retry-After` asks for: `_io/retrying.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from spacecall.options import Retry

__all__ = ["backoff", "parse_rate_limit_reset", "parse_retry_after", "retry_delays"]

_MAX_DOUBLINGS = 64


def backoff(retry: Retry, attempts: int) -> float:
    """Return the seconds to wait after so many failed attempts, without jitter.

    Args:
        retry: waits double from `wait_initial` up to `wait_max`.
        attempts: at least 1.
    """
    return min(retry.wait_initial * 2.0 ** min(attempts - 1, _MAX_DOUBLINGS), retry.wait_max)


def retry_delays(retry: Retry, random: Callable[[], float]) -> Iterator[float]:
    """Yield the seconds to wait before the second attempt, the third, and so on.

    Args:
        retry: waits double from `wait_initial` up to `wait_max`; jitter only makes them shorter.
        random: returns a number from 0 to 1.
    """
    for attempts in range(1, retry.attempts):
        yield backoff(retry, attempts) * (1 - retry.jitter * random())


def parse_retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds of a Retry-After header, never negative; None if it has no valid value.

    Args:
        header: a number of seconds, or an HTTP date.
        now: the current time, in seconds since the epoch.
    """
    value = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def parse_rate_limit_reset(header: str | None) -> float | None:
    """Return the seconds until a reset, from the Hub's RateLimit header: `"api";r=0;t=55`."""
    match = re.search(r";\s*t=(\d{1,9})", header or "", re.ASCII)
    return float(match[1]) if match else None
