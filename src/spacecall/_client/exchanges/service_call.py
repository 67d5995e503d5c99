"""Calls of plain HTTP services: no queue and no session, a request and its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Generic, TypeAlias, TypeVar, Unpack

import anyio
from anyio.abc import TaskGroup

from spacecall._client.calls.call import Call
from spacecall._client.calls.job import Job
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._core.job_state import State, Work
from spacecall._core.redaction import Redactor, redacting
from spacecall._io.event_loops import HomeLoop
from spacecall._io.request_settings import Settings
from spacecall.errors import JobCancelledError, SpaceError
from spacecall.events import Event, Output, Started
from spacecall.options import CallOptions

T = TypeVar("T")
U = TypeVar("U")


class ProgressSink(Generic[T]):
    """What a service tells while it works."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def followed(self) -> bool:
        """Whether anybody listens; an awaited call wants the result alone."""
        return self._work.follow

    def output(self, value: T, size: int = 0) -> None:
        """The value as far as it is known; `size` is the bytes that it was made of."""
        self._work.emit(Output([value]), size)

    def emit(self, event: Event[T]) -> None:
        """Any event but an output."""
        self._work.emit(event)


Service: TypeAlias = Callable[[ProgressSink[T], Settings], Awaitable[T]]
"""Does the work of a call with the call's settings, reports, and returns the result."""


class ServiceRunner:
    """Where direct calls run; see `open_service_runner`."""

    def __init__(
        self, group: TaskGroup, settings: Settings, redactor: Callable[[Settings], Redactor]
    ) -> None:
        self.group = group
        self.settings = settings
        self.redactor = redactor
        self.home = HomeLoop()
        self.closed = False

    def call(self, name: str, service: Service[T]) -> Call[T]:
        """A call of `service`. `name` is the `endpoint` of its errors."""
        return ServiceCall(name, self, service, _same, self.settings)


@asynccontextmanager
async def open_service_runner(
    settings: Settings, redactor: Callable[[Settings], Redactor]
) -> AsyncGenerator[ServiceRunner, None]:
    """A place for direct calls; leaving it cancels those under way.

    Args:
        redactor: gives what takes the secrets of a call with such settings out of its errors.
    """
    async with unwrapping_task_group() as group:
        direct = ServiceRunner(group, settings, redactor)
        try:
            yield direct
        finally:
            direct.closed = True


class ServiceCall(Call[T]):
    """A call that `service` does; `read` makes the caller's value of what it gives."""

    def __init__(
        self,
        name: str,
        direct: ServiceRunner,
        service: Service[Any],
        read: Callable[[Any], T],
        settings: Settings,
    ) -> None:
        super().__init__(name)
        self._direct = direct
        self._service = service
        self._read = read
        self._settings = settings

    def with_options(self, **options: Unpack[CallOptions]) -> ServiceCall[T]:
        self.mark_handled()
        settings = self._settings.override(**options)
        return ServiceCall(self._name, self._direct, self._service, self._read, settings)

    def map(self, transform: Callable[[T], U]) -> ServiceCall[U]:
        self.mark_handled()
        read = self._read
        return ServiceCall(
            self._name,
            self._direct,
            self._service,
            lambda value: transform(read(value)),
            self._settings,
        )

    def _redacting(self) -> AbstractContextManager[None]:
        return redacting(lambda: self._direct.redactor(self._settings))

    async def _start(self, *, follow: bool) -> Job[T]:
        self._direct.home.check()
        if self._direct.closed:
            raise RuntimeError(
                "the service is closed: make calls inside its async with block, or open it again"
            )
        job = ServiceJob(self._name, self._read, self._settings, self._direct, follow=follow)
        self._direct.group.start_soon(job.run, self._service)
        return job


class ServiceJob(Job[T]):
    """A direct call under way."""

    def __init__(
        self,
        name: str,
        read: Callable[[Any], T],
        settings: Settings,
        direct: ServiceRunner,
        *,
        follow: bool,
    ) -> None:
        super().__init__(settings)
        self._direct = direct
        self._name = name
        self._reader = read
        self._scope = anyio.CancelScope()
        self._work = Work(follow=follow, limits=settings.limits, notify=self._on_change)
        self._work.advance(State.RUNNING)
        self._work.emit(Started(None))

    async def run(self, service: Service[Any]) -> None:
        """Do the work; however it ends, the job ends with it."""
        try:
            with redirect_errors(self._work.fail), self._scope:
                self._work.succeed([await service(ProgressSink(self._work), self._settings)])
        finally:
            self._work.fail(JobCancelledError("it was closed before the call was done"))

    async def _give_up(self, error: SpaceError) -> None:
        self._work.fail(error)
        self._scope.cancel()

    def _decode(self, values: list[Any]) -> T:
        return self._reader(values[0])

    def _located(self, error: SpaceError) -> SpaceError:
        error.endpoint = error.endpoint or self._name
        return error

    def _redactor(self) -> Redactor:
        return self._direct.redactor(self._settings)


def _same(value: T) -> T:
    return value
