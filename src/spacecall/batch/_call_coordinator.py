"""One pace for the calls of several processes: how many run at once, and how fast they start.

The coordinator is an actor of Ray. It imports nothing of Ray, so that it can be tested without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import anyio

from spacecall._client.calls.row_engine import QUOTA_PAUSE
from spacecall._core.call_pace import CallPace
from spacecall._core.retry_delays import backoff
from spacecall.batch._row_journal import State
from spacecall.errors import (
    JobLostError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
    StatusError,
    TransportError,
)
from spacecall.options import Retry
from spacecall.rows import Concurrency, OnQuota

LEASE_SECONDS: Final = 30.0
"""How long the calls of a process count that does not report any more."""

Ending: TypeAlias = Literal["result", "refused", "quota", "unsent", "failed"]
"""How a call ended: with a result; because the app has too many calls, or the quota is used up;
before it was sent; or with another error."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """A row of a journal.

    Attributes:
        number: its position, from 0.
        digest: the SHA-256 of its content.
    """

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Permit:
    """The permission to make one call.

    Attributes:
        number: of the permit.
        call_round: of the pace, see `CallPace`.
        row: the row; None without a journal.
    """

    number: int
    call_round: int
    row: RowKey | None = None


@dataclass(frozen=True, slots=True)
class CallReport:
    """How a call ended.

    Attributes:
        ending: how.
        attempts: how often the row was called, this call included.
        error: why it failed; None if it has a result.
        retry_after: seconds that the app asks to wait; None if it does not say.
        state: of the row in a journal.
        record: of the row in a journal; None without a journal, or if the call is made again
            whatever the coordinator says.
    """

    ending: Ending
    attempts: int
    error: Exception | None = None
    retry_after: float | None = None
    state: State = "done"
    record: Mapping[str, Any] | None = None


class Pacer(Protocol):
    """What a caller needs of a coordinator, in this process or in another."""

    async def acquire(self, row: RowKey | None) -> Permit | None:
        """Wait until a call may start; return None if no further calls start."""
        ...

    async def finish(self, permit: Permit, report: CallReport) -> bool:
        """Take note of the end of a call; return whether to make it again."""
        ...

    def report_rank(self, permit: Permit, rank: int) -> None:
        """Take note of a call's first place in the app's queue."""
        ...


class CallCoordinator:
    """Decides when each call of a map starts, in any number of processes.

    A process that dies reports no end of its calls: they count until it has not reported for
    `lease_seconds`.

    Args:
        concurrency: as of `Space.map`.
        rate: as of `Space.map`.
        on_quota: as of `Space.map`.
        retry: how often a call is made again that was not sent, and how long to wait then.
        lease_seconds: how long the calls of a process count that does not report.
    """

    def __init__(
        self,
        *,
        concurrency: Concurrency,
        rate: float | None,
        on_quota: OnQuota,
        retry: Retry,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._pace = CallPace(concurrency if isinstance(concurrency, int) else None, rate, retry)
        self._follows_app = concurrency == "auto"
        self._on_quota = on_quota
        self._retry = retry
        self._lease_seconds = lease_seconds
        self._turn = anyio.Lock()  # first come, first served
        self._changed = anyio.Event()
        self._holders: dict[int, str] = {}
        self._last_reports: dict[str, float] = {}
        self._permits = 0
        self._stopped = False
        self._failure: Exception | None = None

    async def acquire(self, holder: str, row: RowKey | None = None) -> Permit | None:
        """Wait until a call may start.

        Args:
            holder: the process that makes it.
            row: the row; None without a journal.

        Returns:
            None if no further calls start.
        """
        async with self._turn:
            while not self._stopped:
                now = anyio.current_time()
                self._forget_dead_holders(now)
                if len(self._holders) >= self._pace.limit:
                    await self._wait_change(now + self._lease_seconds / 4)
                elif now < self._pace.next_start:
                    await self._wait_change(self._pace.next_start)
                else:
                    self._permits += 1
                    self._holders[self._permits] = holder
                    self._last_reports[holder] = now
                    return Permit(self._permits, self._pace.start(now), row)
            return None

    async def finish(self, permit: Permit, report: CallReport) -> bool:
        """Take note of the end of a call.

        Returns:
            Whether to make it again: only if the app has not accepted it.
        """
        saturated = len(self._holders) >= self._pace.limit
        holder = self._holders.pop(permit.number, None)
        if holder is not None:
            self._last_reports[holder] = anyio.current_time()
        again = self._decide(permit.call_round, report, saturated=saturated)
        self._notify()
        return again and not self._stopped

    def _decide(self, call_round: int, report: CallReport, *, saturated: bool) -> bool:
        now = anyio.current_time()
        match report.ending:
            case "result":
                self._pace.succeed(call_round, saturated=saturated)
                return False
            case "refused":
                return self._pace.refuse(call_round, now, report.retry_after)
            case "quota":
                if self._on_quota == "stop":
                    self.fail(report.error)
                    return False
                self._pace.pause(now + (report.retry_after or QUOTA_PAUSE))
                return True
            case "unsent":
                if report.attempts >= self._retry.attempts:
                    return False
                self._pace.pause(now + backoff(self._retry, report.attempts))
                return True
            case "failed":
                return False

    def report_rank(self, permit: Permit, rank: int) -> None:
        """Take note of a call's first place in the app's queue."""
        if self._follows_app:
            self._pace.queue(permit.call_round, rank)

    async def renew(self, holder: str) -> None:
        """Take note that a process is alive."""
        self._last_reports[holder] = anyio.current_time()

    def stop(self) -> None:
        """Start no further calls; those that run go on."""
        self._stopped = True
        self._notify()

    def fail(self, error: Exception | None) -> None:
        """Start no further calls, because of an error."""
        self._failure = self._failure or error
        self.stop()

    def _forget_dead_holders(self, now: float) -> None:
        last_reports = self._last_reports
        dead = {
            holder
            for holder, last_report in last_reports.items()
            if now - last_report > self._lease_seconds
        }
        if dead:
            self._last_reports = {
                holder: last_report
                for holder, last_report in last_reports.items()
                if holder not in dead
            }
            self._holders = {
                number: holder for number, holder in self._holders.items() if holder not in dead
            }

    async def _wait_change(self, deadline: float) -> None:
        with anyio.CancelScope(deadline=deadline):
            await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class LocalPacer:
    """Paces the calls of one process by a coordinator in it, whose leases are endless."""

    def __init__(self, coordinator: CallCoordinator) -> None:
        self._coordinator = coordinator

    async def acquire(self, row: RowKey | None) -> Permit | None:
        """Wait until a call may start; return None if no further calls start."""
        return await self._coordinator.acquire("", row)

    async def finish(self, permit: Permit, report: CallReport) -> bool:
        """Take note of the end of a call; return whether to make it again."""
        return await self._coordinator.finish(permit, report)

    def report_rank(self, permit: Permit, rank: int) -> None:
        """Take note of a call's first place in the app's queue."""
        self._coordinator.report_rank(permit, rank)


def report_error(
    error: Exception, attempts: int, record: Mapping[str, Any] | None = None
) -> CallReport:
    """Return the report of a call that failed.

    Args:
        error: its error.
        attempts: how often the row was called.
        record: of the row in a journal.
    """
    state: State = "lost" if _is_of_unknown_outcome(error) else "failed"
    ending: Ending = "failed"
    retry_after: float | None = None
    if isinstance(error, QueueFullError | RateLimitedError):
        ending, retry_after = "refused", error.retry_after
    elif isinstance(error, QuotaExceededError):
        ending, retry_after = "quota", error.retry_after
    elif _is_unsent(error):
        ending, state = "unsent", "failed"
    return CallReport(ending, attempts, error, retry_after, state, record)


def _is_unsent(error: Exception) -> bool:
    if isinstance(error, TransportError):
        return not error.sent
    return isinstance(error, JobLostError) and error.safe_to_retry


def _is_of_unknown_outcome(error: Exception) -> bool:
    if isinstance(error, StatusError):
        return error.status is not None and error.status >= 500
    return isinstance(error, JobLostError | TransportError)
