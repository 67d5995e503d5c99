"""Where the calls of a map run: one source for a Space, several for a pool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._core.call_pace import CallPace
from spacecall.errors import DeadlineError, JobLostError, StatusError, TransportError
from spacecall.options import Retry
from spacecall.rows import Concurrency, OnQuota

R = TypeVar("R")
T = TypeVar("T")

_FIRST_STATUS_OF_PROXIES: Final = 502
_ERRORS_BEFORE_REST: Final = 5
_QUICK_SECONDS: Final = 1.0


def check_pace(concurrency: Concurrency, rate: float | None) -> None:
    """Raise ValueError if no call could start with these options of a map."""
    if isinstance(concurrency, int) and concurrency < 1:
        raise ValueError(f"concurrency must be at least 1 or 'auto', got {concurrency!r}")
    if rate is not None and not rate > 0:
        raise ValueError(f"rate must be more than 0 calls per second, got {rate!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """The options of `Space.map`.

    Attributes:
        patience: seconds for which rows that no app accepts are tried again, if no row has a result
            meanwhile. Then the map stops with the error of such a row; if 0, it is that row's.
    """

    concurrency: Concurrency
    ordered: bool
    rate: float | None
    on_quota: OnQuota
    patience: float = 0.0

    def __post_init__(self) -> None:
        check_pace(self.concurrency, self.rate)

    def create_pace(self, retry: Retry) -> CallPace:
        """Return the pace of calls to one app."""
        concurrency = self.concurrency if isinstance(self.concurrency, int) else None
        return CallPace(concurrency, self.rate, retry)


@dataclass(slots=True, eq=False)
class RowCall(Generic[R]):
    """A row whose outcome is not there yet.

    Attributes:
        arguments: the row as it was when it was read: a generator may change its only dict.
        is_expected_short: whether the last result of its source took less than a second.
        report_rank: takes the first place of the row's call in the app's queue; None if nobody
            wants to know it.
        first_start: when its first call was started.
        results_before: how many rows had a result then.
    """

    index: int
    row: R
    arguments: R
    attempts: int = 0
    first_start: float = 0.0
    results_before: int = 0
    is_expected_short: bool = False
    report_rank: Callable[[int], None] | None = None


Perform: TypeAlias = Callable[[RowCall[R]], Awaitable[T]]
"""Makes the call of a row and returns its result."""


class RowHost(Protocol):
    """An open Space or pool, in whose tasks the calls of a map run."""

    @property
    def tasks(self) -> BackgroundTasks: ...

    @property
    def closed(self) -> bool: ...

    def check_open(self) -> None:
        """Raise RuntimeError if it is closed, or this is another event loop."""


@dataclass(slots=True, eq=False)
class RowSource(Generic[R, T]):
    """An app that rows are sent to.

    Attributes:
        url: its address.
        perform: makes the call of a row there.
        pace: of its calls.
        running: how many calls run there now.
        started: how many calls were started there.
        stopped: whether it gets no further calls, since its quota is used up.
    """

    url: str
    perform: Perform[R, T]
    pace: CallPace
    running: int = 0
    started: int = 0
    stopped: bool = False
    _gives_quick_results: bool = False
    _errors: int = 0
    _losses: int = 0
    _results_elsewhere: int = 0

    @property
    def has_room(self) -> bool:
        """Whether another call may run there."""
        return not self.stopped and self.running < self.pace.limit

    @property
    def load(self) -> tuple[float, int]:
        """How busy it is: the lower, the sooner it gets a row."""
        return self.running / self.pace.limit, self.started

    def start(self, row_call: RowCall[R], now: float, *, reports_rank: bool) -> int:
        """Take note that the call of a row starts; return its round."""
        self.running += 1
        self.started += 1
        call_round = self.pace.start(now)
        row_call.is_expected_short = self._gives_quick_results
        row_call.report_rank = partial(self.pace.queue, call_round) if reports_rank else None
        return call_round

    def succeed(self, call_round: int, duration: float) -> None:
        """Take note of a result, and of the seconds that it took."""
        self._gives_quick_results = duration < _QUICK_SECONDS
        self._errors = self._losses = 0
        self.pace.succeed(call_round, saturated=self.running >= self.pace.limit)

    def fail(self, call_round: int, now: float, error: Exception, results: int) -> None:
        """Take note of an error, and rest if the app is to blame.

        It is, if it cannot be reached, or has lost each of its last jobs; or if each of its last
        calls failed, however they did, while other sources of the pool had results. A job that it
        lost while others work, such as one whose result it cannot send, is the job's own fault.

        Args:
            call_round: of the call.
            now: the time.
            error: of the call.
            results: how many results all sources had so far.
        """
        if not self._errors:
            self._results_elsewhere = results
        self._errors += 1
        is_lost = isinstance(error, JobLostError) and not error.safe_to_retry
        self._losses = self._losses + 1 if is_lost else 0
        is_outage = self._losses >= _ERRORS_BEFORE_REST if is_lost else _is_outage(error)
        only_here = self._errors >= _ERRORS_BEFORE_REST and results > self._results_elsewhere
        if only_here or is_outage:
            self.pace.fail(call_round, now)


def has_other(sources: Iterable[RowSource[R, T]], source: RowSource[R, T]) -> bool:
    """Return whether another source than this one works as far as is known."""
    return any(
        candidate is not source and not candidate.stopped and candidate.pace.is_healthy
        for candidate in sources
    )


def is_unsent(error: Exception) -> bool:
    """Return whether an app has not accepted the call that failed with this error."""
    if isinstance(error, TransportError):
        return not error.sent
    return isinstance(error, JobLostError) and error.safe_to_retry


def _is_outage(error: Exception) -> bool:
    if isinstance(error, DeadlineError):
        return error.phase in ("open", "connect", "request", "idle")
    if isinstance(error, StatusError):
        return error.status is not None and error.status >= _FIRST_STATUS_OF_PROXIES
    return isinstance(error, TransportError | JobLostError)
