"""Calls of plain HTTP services, without the queue and sessions of an app."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar, Unpack

import anyio
from anyio.abc import TaskGroup

from spacecall._client.calls.call import Call
from spacecall._client.calls.job import Job
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._core.job_state import JobState, JobStatus
from spacecall._core.redaction import Redactor, redacting
from spacecall._io.event_loops import EventLoopGuard
from spacecall._io.observer import Observer
from spacecall._io.request_settings import Settings
from spacecall.errors import JobCancelledError, SpaceError
from spacecall.events import Event, Output, Started
from spacecall.options import CallOptions

T = TypeVar("T")
U = TypeVar("U")


class ProgressSink(Generic[T]):
    """Takes the outputs and events of a service while it works."""

    def __init__(self, state: JobState) -> None:
        self._state = state

    @property
    def is_followed(self) -> bool:
        """Whether events are read; if the call is awaited, only the result is."""
        return self._state.follow

    def output(self, value: T, size: int = 0) -> None:
        """Emit the result as far as it is complete.

        Args:
            value: the partial result.
            size: its size in bytes, for the limit on buffered events.
        """
        self._state.emit(Output([value]), size)

    def emit(self, event: Event[T]) -> None:
        """Emit an event that is not an output."""
        self._state.emit(event)


Service: TypeAlias = Callable[[ProgressSink[T], Settings], Awaitable[T]]
"""Runs a call with the call's settings: emits partial results and returns the result."""


class ServiceRunner:
    """Runs the calls of services; see `open_service_runner`."""

    def __init__(
        self,
        space: str,
        group: TaskGroup,
        settings: Settings,
        redactor: Callable[[Settings], Redactor],
    ) -> None:
        self.space = space
        self.group = group
        self.settings = settings
        self.redactor = redactor
        self.loop_guard = EventLoopGuard()
        self.closed = False

    def call(self, name: str, service: Service[T]) -> Call[T]:
        """Return a call of `service`. `name` is the `endpoint` of its errors."""
        return ServiceCall(name, self, service, _identity, self.settings)


@asynccontextmanager
async def open_service_runner(
    space: str, settings: Settings, redactor: Callable[[Settings], Redactor]
) -> AsyncGenerator[ServiceRunner, None]:
    """Open a runner for calls of services; leaving it cancels the running calls.

    Args:
        space: the address of the service, for log records and hooks.
        settings: of the calls.
        redactor: returns what removes the secrets of a call with these settings from its errors.
    """
    async with unwrapping_task_group() as group:
        runner = ServiceRunner(space, group, settings, redactor)
        try:
            yield runner
        finally:
            runner.closed = True


class ServiceCall(Call[T]):
    """A call of `service`; `read` makes the caller's value from its result."""

    def __init__(
        self,
        name: str,
        runner: ServiceRunner,
        service: Service[Any],
        read: Callable[[Any], T],
        settings: Settings,
    ) -> None:
        super().__init__(name)
        self._runner = runner
        self._service = service
        self._read = read
        self._settings = settings

    def with_options(self, **options: Unpack[CallOptions]) -> ServiceCall[T]:
        self._mark_handled()
        settings = self._settings.override(**options)
        return ServiceCall(self._name, self._runner, self._service, self._read, settings)

    def map(self, transform: Callable[[T], U]) -> ServiceCall[U]:
        self._mark_handled()
        read = self._read
        return ServiceCall(
            self._name,
            self._runner,
            self._service,
            lambda value: transform(read(value)),
            self._settings,
        )

    def _redacting(self) -> AbstractContextManager[None]:
        return redacting(lambda: self._runner.redactor(self._settings))

    def _observer(self) -> Observer:
        redactor = partial(self._runner.redactor, self._settings)
        return Observer(self._runner.space, self._settings.hooks, redactor)

    async def _start(self, *, follow: bool) -> Job[T]:
        self._runner.loop_guard.check()
        if self._runner.closed:
            raise RuntimeError(
                "the service is closed: make calls inside its with block, or open it again"
            )
        job = ServiceJob(self._name, self._read, self._settings, self._runner, follow=follow)
        self._runner.group.start_soon(job.run, self._service)
        return job


class ServiceJob(Job[T]):
    """A running call of a service."""

    def __init__(
        self,
        name: str,
        read: Callable[[Any], T],
        settings: Settings,
        runner: ServiceRunner,
        *,
        follow: bool,
    ) -> None:
        super().__init__(settings)
        self._runner = runner
        self._name = name
        self._reader = read
        self._scope = anyio.CancelScope()
        self._state = JobState(
            follow=follow,
            limits=settings.limits,
            notify=self._on_change,
            every_output=settings.every_output,
        )
        self._state.advance(JobStatus.RUNNING)
        self._state.emit(Started(None))

    async def run(self, service: Service[Any]) -> None:
        """Run the service; the job ends when it ends."""
        try:
            with redirect_errors(self._state.fail), self._scope:
                self._state.succeed([await service(ProgressSink(self._state), self._settings)])
        finally:
            self._state.fail(JobCancelledError("the service was closed before the call was done"))

    async def _abort(self, error: SpaceError) -> None:
        self._state.fail(error)
        self._scope.cancel()

    def _decode(self, values: list[Any]) -> T:
        return self._reader(values[0])

    def _with_context(self, error: SpaceError) -> SpaceError:
        error.endpoint = error.endpoint or self._name
        return error

    def _redactor(self) -> Redactor:
        return self._runner.redactor(self._settings)


def _identity(value: T) -> T:
    return value
