"""A call: lazy, for one use; awaited, entered, or detached."""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack

from spacecall._client.calls.job import Job
from spacecall.errors import InvalidInputError
from spacecall.options import CallOptions
from spacecall.tickets import Ticket

T = TypeVar("T")
U = TypeVar("U")


class Call(ABC, Generic[T]):
    """A call that has not been made yet; nothing is sent before one of these.

    - `value = await call`: the result;
    - `async with call as job`: events as they come; leaving early cancels the job;
    - `ticket = await call.detach()`: the job runs on, and its result is collected later.

    Cancelling the task that waits cancels the job on the server too. A call is for one use.

    Warns:
        RuntimeWarning: the call was dropped without any of these, nor a call derived from it.
    """

    _remedy = "write `await call`, `async with call as job` or `await call.detach()`"
    _is_news = False

    def __init__(self, name: str) -> None:
        self._name = name
        self._used = False
        self._job: Job[T] | None = None
        self._is_news = True

    def __del__(self) -> None:
        if self._is_news and not sys.is_finalizing():
            text = f"the call of {self._name} was never made, nothing was sent: {self._remedy}"
            warnings.warn(text, RuntimeWarning, stacklevel=2, source=self)

    def mark_handled(self, *, remedy: str | None = None) -> None:
        """Note that somebody makes the call, or another one from it: dropping it is no mistake.

        Args:
            remedy: what to write instead, where the call has only changed hands.
        """
        if remedy is None:
            self._is_news = False
        else:
            self._remedy = remedy

    @abstractmethod
    def with_options(self, **options: Unpack[CallOptions]) -> Call[T]:
        """The same call with other options, see `CallOptions`."""

    @abstractmethod
    def map(self, transform: Callable[[T], U]) -> Call[U]:
        """The same call, with `transform` applied to its result and to each output before it."""

    @abstractmethod
    def _redacting(self) -> AbstractContextManager[None]:
        """Take the caller's secrets out of each `SpaceError` that is raised inside."""

    @abstractmethod
    async def _start(self, *, follow: bool) -> Job[T]:
        """Send it. `follow`: whether events are wanted, or the result alone."""

    async def detach(self) -> Ticket:
        """Put the job into the app's queue and leave it there.

        Returns:
            What `Space.collect` needs, here or in another process, as long as the server keeps the
            result: it can be collected once.

        Raises:
            InvalidInputError: the endpoint does not use the queue, or the call is a session's.
            SpaceError: the server did not accept the job.
        """
        self.mark_handled()
        raise InvalidInputError(f"{self._name} is not one job of a queue: it cannot be detached")

    async def start(self, *, follow: bool) -> Job[T]:
        """Make the call: what awaiting and entering have in common. Its user cancels the job."""
        self.use()
        with self._redacting():
            return await self._start(follow=follow)

    def __await__(self) -> Generator[Any, Any, T]:
        return self._result().__await__()

    async def _result(self) -> T:
        job = await self.start(follow=False)
        try:
            return await job.result()
        finally:
            await job.cancel()

    async def __aenter__(self) -> Job[T]:
        self._job = await self.start(follow=True)
        return self._job

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._job is not None:
            await self._job.cancel()

    def use(self) -> None:
        """Use the call up. Raises RuntimeError if that has been done."""
        self.mark_handled()
        if self._used:
            raise RuntimeError("a Call is for one use: make another with space.call(…)")
        self._used = True

    def __repr__(self) -> str:
        return f"<Call {self._name}{' (used)' if self._used else ''}>"
