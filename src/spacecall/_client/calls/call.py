"""A lazy call for one use, which is awaited, entered or detached."""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack

import anyio

from spacecall._client.calls.job import Job
from spacecall._io.call_trace import CallTrace, tracing
from spacecall._io.observer import Observer
from spacecall.component_updates import Updated
from spacecall.errors import DeadlineError, InvalidInputError, SpaceError
from spacecall.options import CallOptions
from spacecall.tickets import Ticket

T = TypeVar("T")
U = TypeVar("U")


class Call(ABC, Generic[T]):
    """A call that has not been sent yet. There are three ways to send it.

    - `value = await call` returns the result;
    - `async with call as job` streams events; leaving the block early cancels the job;
    - `ticket = await call.detach()` leaves the job on the server, to collect its result later.

    Cancelling the task that waits cancels the job on the server too. A call is for one use.

    Warns:
        RuntimeWarning: neither the call nor one made from it (`map`, `with_options`) was ever sent.
    """

    _remedy = "write `await call`, `async with call as job` or `await call.detach()`"
    _warns_if_unused = False

    def __init__(self, name: str) -> None:
        self._name = name
        self._used = False
        self._job: Job[T] | None = None
        self._trace: CallTrace | None = None
        self._warns_if_unused = True

    def __del__(self) -> None:
        if self._warns_if_unused and not sys.is_finalizing():
            text = f"the call of {self._name} was never made, nothing was sent: {self._remedy}"
            warnings.warn(text, RuntimeWarning, stacklevel=2, source=self)

    def _mark_handled(self) -> None:
        """Do not warn when the call is garbage: it was sent, or another was made from it."""
        self._warns_if_unused = False

    @abstractmethod
    def with_options(self, **options: Unpack[CallOptions]) -> Call[T]:
        """Return the same call with other options, see `CallOptions`."""

    @abstractmethod
    def map(self, transform: Callable[[T], U]) -> Call[U]:
        """Return the same call with `transform` applied to each output and to the result."""

    def with_updates(self) -> Call[Updated[T]]:
        """Return the same call with an `Updated` for each output and for the result.

        It has the value, and what the function changes of the components besides: their choices,
        labels, visibility. A call that is not of an app's function has no updates.
        """
        return self.map(_without_updates)

    def _sharing_stream(self) -> Call[T]:
        """Return the same call, which may share the stream of its job with a few others."""
        return self

    @abstractmethod
    def _redacting(self) -> AbstractContextManager[None]:
        """Remove the caller's secrets from each `SpaceError` that is raised inside."""

    @abstractmethod
    def _observer(self) -> Observer:
        """Return what logs the call, and calls the hooks."""

    @abstractmethod
    async def _start(self, *, follow: bool) -> Job[T]:
        """Send the call.

        Args:
            follow: keep the events too, not only the result.
        """

    async def detach(self) -> Ticket:
        """Put the job into the app's queue and leave it there.

        Returns:
            A ticket for `Space.collect`, in this process or another one. The result can be
            collected once, while the server keeps it.

        Raises:
            InvalidInputError: the endpoint does not use the queue, or the call is one of a session.
            SpaceError: the server did not accept the job.
        """
        self._mark_handled()
        raise InvalidInputError(f"{self._name} is not one job of a queue: it cannot be detached")

    async def _make(self, *, follow: bool) -> Job[T]:
        """Send the call, as awaiting and entering do. Whoever calls this has to cancel the job."""
        self._use()
        with self._reporting_start():
            return await self._start(follow=follow)

    @contextmanager
    def _reporting_start(self) -> Generator[None]:
        """Report the start of the call, and its end if the code inside fails."""
        observer = self._observer()
        self._trace = trace = observer.new_trace(self._name)
        observer.start_call(trace)
        try:
            with tracing(trace), self._redacting():
                yield
        except BaseException as error:
            self._report_end(error)
            raise

    def _report_end(self, error: BaseException | None) -> None:
        """Report the end of the call, with a result or with `error`; only the first time."""
        if self._trace is None:
            return
        if isinstance(error, SpaceError):
            error.call_id = error.call_id or self._trace.call_id
        self._observer().end_call(self._trace, error)

    def __await__(self) -> Generator[Any, Any, T]:
        return self._result().__await__()

    async def _result(self) -> T:
        job = await self._make(follow=False)
        try:
            try:
                value = await job.result()
            finally:
                await job.cancel()
        except BaseException as error:
            self._report_end(error)
            raise
        self._report_end(None)
        return value

    async def __aenter__(self) -> Job[T]:
        self._job = await self._make(follow=True)
        return self._job

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._job is not None:
            try:
                await self._job.cancel()
            finally:
                self._report_end(self._job._failure)  # pyright: ignore[reportPrivateUsage]

    def _use(self) -> None:
        """Mark the call as used. Raises RuntimeError if it was used before."""
        self._mark_handled()
        if self._used:
            raise RuntimeError("a Call is for one use: make another with space.call(…)")
        self._used = True

    def __repr__(self) -> str:
        return f"<Call {self._name}{' (used)' if self._used else ''}>"


def _without_updates(value: T) -> Updated[T]:
    return Updated(value)


async def await_within(call: Call[T], seconds: float | None) -> T:
    """Await a call, and cancel it after `seconds`; None for no limit.

    Raises:
        DeadlineError: the call did not end in time.
    """
    with anyio.CancelScope() as scope:
        if seconds is not None:
            scope.deadline = anyio.current_time() + seconds
        return await call
    raise DeadlineError(
        f"the call did not end within {seconds:g} s",
        phase="total",
        endpoint=call._name,  # pyright: ignore[reportPrivateUsage]
        call_id=call._trace.call_id if call._trace else None,  # pyright: ignore[reportPrivateUsage]
    )


def mark_handled(call: Call[Any], remedy: str | None = None) -> None:
    """Do not warn when `call` is garbage, because it is sent; or warn with another advice.

    Args:
        remedy: the advice, if another object sends the call; None if it is sent now.
    """
    if remedy is None:
        call._mark_handled()  # pyright: ignore[reportPrivateUsage] - for the sync twin
    else:
        call._remedy = remedy  # pyright: ignore[reportPrivateUsage]
