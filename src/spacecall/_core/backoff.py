"""How long to wait before another try."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from spacecall.options import Retry

__all__ = ["parse_rate_limit_reset", "parse_retry_after", "retry_delays"]


def retry_delays(retry: Retry, random: Callable[[], float]) -> Iterator[float]:
    """Seconds to wait before the second try, the third and so on: one fewer than attempts.

    Args:
        retry: the waits double from `initial` up to `max_wait`; jitter only makes them shorter.
        random: gives a number from 0 to 1.
    """
    wait = min(retry.wait_initial, retry.wait_max)
    for _ in range(retry.attempts - 1):
        yield wait * (1 - retry.jitter * random())
        wait = min(wait * 2, retry.wait_max)


def parse_retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks to wait, never negative; None if it says nothing.

    Args:
        header: a number of seconds, or an HTTP date.
        now: the time, in seconds since the epoch.
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
    """Seconds until a limit is lifted, as the Hub's RateLimit header has it: `"api";r=0;t=55`."""
    found = re.search(r";\s*t=(\d{1,9})", header or "", re.ASCII)
    return float(found[1]) if found else None
