"""Decide how many calls of a map run at once, and when the next may start.

The number of calls follows the app as TCP follows a network: it grows by each result until the app
shows that it has enough, and is halved then (additive increase, multiplicative decrease).
"""

from __future__ import annotations

from typing import Final

from spacecall._core.retry_delays import backoff
from spacecall.options import Retry

INITIAL_LIMIT: Final = 4
MAX_LIMIT: Final = 64
MAX_REFUSALS: Final = 8
MAX_PAUSE: Final = 3600.0
"""The longest wait in seconds that a `Retry-After` can ask for."""


class CallPace:
    """The pace of calls to one app. All times are those of one clock, in seconds.

    A call belongs to the round in which it was started. A decrease ends the round: what the calls
    of an earlier round report was caused by the earlier limit, and does not decrease it again.

    Args:
        concurrency: the number of calls that run at once; None to follow the app.
        rate: the most calls that start in a second; None for no limit.
        retry: how long to pause after a refusal without a `Retry-After`.

    Attributes:
        next_start: when the next call may start.
    """

    def __init__(self, concurrency: int | None, rate: float | None, retry: Retry) -> None:
        self.next_start = 0.0
        self._is_fixed = concurrency is not None
        self._limit = float(INITIAL_LIMIT if concurrency is None else concurrency)
        self._interval = 0.0 if rate is None else 1 / rate
        self._retry = retry
        self._round = 0
        self._refusals = 0
        self._failures = 0
        self._is_probing = True
        self._rank = 0

    @property
    def limit(self) -> int:
        """How many calls may run at once now: one after a failure, until a call succeeds."""
        return 1 if self._failures else int(self._limit)

    @property
    def is_healthy(self) -> bool:
        """Whether the app has neither failed nor refused a call since its last result."""
        return not (self._failures or self._refusals)

    def start(self, now: float) -> int:
        """Take note of a call that starts; return its round.

        A start that is late by less than the time between two calls does not delay the next ones:
        otherwise a busy machine would never reach the rate.
        """
        if now >= self.next_start + self._interval:
            self.next_start = now
        self.next_start += self._interval
        return self._round

    def pause(self, until: float) -> None:
        """Start no call before `until`."""
        self.next_start = max(self.next_start, until)

    def succeed(self, call_round: int, *, saturated: bool) -> None:
        """Take note of a result.

        Args:
            call_round: of the call.
            saturated: whether as many calls ran as may run. Otherwise the limit was not tested.
        """
        self._refusals = self._failures = 0
        if self._is_fixed or not saturated or call_round != self._round:
            return
        step = 1.0 if self._is_probing else 1 / self._limit
        self._limit = min(self._limit + step, MAX_LIMIT)

    def queue(self, call_round: int, rank: int) -> None:
        """Take note of a call's first place in the app's queue.

        The limit is too high if that place grows and half of the calls wait: the app does not work
        on more of them than before.

        Args:
            call_round: of the call.
            rank: the number of jobs ahead.
        """
        grows = rank > self._rank
        self._rank = rank
        if grows and rank >= max(2.0, self._limit / 2) and call_round == self._round:
            self._decrease()

    def refuse(self, call_round: int, now: float, retry_after: float | None) -> bool:
        """Take note that the app did not accept a call, since it has too many.

        Args:
            call_round: of the call.
            now: the time.
            retry_after: seconds that the app asks to wait; None if it does not say.

        Returns:
            Whether to try again. The app may refuse `MAX_REFUSALS` rounds without a result.
        """
        if retry_after is not None:
            self.pause(now + min(retry_after, MAX_PAUSE))
        if call_round == self._round:
            self._decrease()
            self._refusals += 1
            if retry_after is None:
                self.pause(now + backoff(self._retry, self._refusals))
        return self._refusals <= MAX_REFUSALS

    def fail(self, call_round: int, now: float) -> None:
        """Take note that the app cannot be reached, or has lost a call: let it rest.

        The rest doubles with each failure, up to `Retry.wait_max`. Then one call tries it.

        Args:
            call_round: of the call.
            now: the time.
        """
        if call_round == self._round:
            self._round += 1
            self._failures += 1
            self.pause(now + backoff(self._retry, self._failures))

    def _decrease(self) -> None:
        self._round += 1
        if not self._is_fixed:
            self._is_probing = False
            self._limit = max(1.0, self._limit / 2)
