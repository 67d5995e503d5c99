"""A call that runs: its events, its result, its end."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

import anyio

from spacecall._client.calls.job_iterators import OutputIterator, TextIterator
from spacecall._core.job_state import State, Work
from spacecall._core.redaction import Redactor, redact_error, redact_event
from spacecall._io.event_loops import HomeLoop
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    DeadlineError,
    JobCancelledError,
    Phase,
    ProtocolError,
    SpaceError,
)
from spacecall.events import Completed, Event, Log, Output, Progress, TextDelta

T = TypeVar("T")

_PHASES: dict[State, Phase] = {
    State.UPLOADING: "upload",
    State.JOINING: "queue",
    State.QUEUED: "queue",
    State.RUNNING: "run",
}
_LATE: dict[Phase, str] = {
    "queue": "the app did not start on the job within",
    "run": "the app did not finish the job within",
    "total": "the call did not end within",
}


class Job(AsyncIterator[Event[T]], ABC, Generic[T]):
    """A call that was entered: `async with space.call(…) as job`.

    Iterate it for its events, or use one of the lenses `outputs` and `text`; all of them read the
    same events, so that one consumer is meant. A consumer that is slower than the app gets newer
    snapshots; the result and errors always come.
    """

    _work: Work

    def __init__(self, settings: Settings, began: float | None = None) -> None:
        self._settings = settings
        self._home = HomeLoop()
        self._began = anyio.current_time() if began is None else began
        self._changed: anyio.Event | None = None
        self._redact: Redactor | None = None
        self._enter("upload")

    @property
    def event_id(self) -> str | None:
        """The server's id of the job, once it has one."""
        return None

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self._work.ended

    @property
    def outputs(self) -> AsyncIterator[T]:
        """Whole values as they come, the result last."""
        return OutputIterator(self)

    @property
    def text(self) -> AsyncIterator[TextDelta]:
        """What is added to a text, piece by piece.

        The text is the output itself, its attribute `text`, or the first such of several outputs;
        without one the first piece raises `TypeError`.
        """
        return TextIterator(self)

    def __aiter__(self) -> Job[T]:
        return self

    async def __anext__(self) -> Event[T]:
        """The next event; `Completed` is the last.

        Raises:
            SpaceError: the job ended with an error.
        """
        while True:
            event = self._work.backlog.pop()
            if event is not None:
                return self._typed(event)
            if not self._work.ended or self._resubmitted():
                await self._wait()
            elif self._work.error is not None:
                raise self._for_caller(self._work.error)
            else:
                raise StopAsyncIteration

    async def result(self) -> T:
        """The job's value.

        Raises:
            SpaceError: the job ended with an error; see `spacecall.errors`.
        """
        while not self._work.ended or self._resubmitted():
            await self._wait()
        if self._work.error is not None:
            raise self._for_caller(self._work.error)
        return self._read(self._work.values or [])

    async def cancel(self) -> None:
        """Cancel the job, here and on the server. What waits for it raises `JobCancelledError`."""
        self._home.check()
        await self._give_up(JobCancelledError("the job was cancelled"))

    @abstractmethod
    async def _give_up(self, error: SpaceError) -> None:
        """End the job with `error`, and tell the server; a job that has ended stays as it is."""

    @abstractmethod
    def _decode(self, values: list[Any]) -> T:
        """The caller's value from the raw values of an event."""

    @abstractmethod
    def _located(self, error: SpaceError) -> SpaceError:
        """`error` with the place where it happened."""

    @abstractmethod
    def _redactor(self) -> Redactor:
        """What takes the caller's secrets out of errors and events."""

    def _for_caller(self, error: Exception) -> Exception:
        """`error` as the caller gets it: one of ours with its place and without secrets."""
        if isinstance(error, SpaceError):
            error = self._located(error)
            redact_error(error, self._redactor())
        return error

    def _resubmitted(self) -> bool:
        """Whether a lost job was sent again, as the caller's `Retry` wants it."""
        return False

    def _enter(self, phase: Phase) -> None:
        self._phase: Phase = phase
        self._phase_began = anyio.current_time()

    def _on_change(self) -> None:
        phase = _PHASES.get(self._work.state, self._phase)
        if phase != self._phase:
            self._enter(phase)
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def _wait(self) -> None:
        """Until something changes; past its deadline the job ends with an error."""
        self._home.check()
        deadline, late = self._deadline()
        if self._changed is None:
            self._changed = anyio.Event()
        with anyio.CancelScope(deadline=deadline) as scope:
            await self._changed.wait()
        if scope.cancelled_caught and not self._work.ended:
            await self._give_up(late())

    def _deadline(self) -> tuple[float, Callable[[], SpaceError]]:
        """When the phase that the job is in must be over, and the error if it is not."""
        timeouts, phase = self._settings.timeouts, self._phase
        # The upload itself keeps Timeouts.upload.
        seconds = {"queue": timeouts.queue, "run": timeouts.run}.get(phase) or math.inf
        deadline = self._phase_began + seconds
        if timeouts.total is not None and self._began + timeouts.total < deadline:
            phase, seconds, deadline = "total", timeouts.total, self._began + timeouts.total
        return deadline, lambda: DeadlineError(f"{_LATE[phase]} {seconds:g} s", phase=phase)

    def _typed(self, event: Event[Any]) -> Event[T]:
        if isinstance(event, Output):
            return Output(self._read(event.value))
        if isinstance(event, Completed):
            return Completed(self._read(event.value), event.duration)
        if not isinstance(event, (Log, Progress)):
            return event
        if self._redact is None:
            self._redact = self._redactor()
        return redact_event(event, self._redact)

    def _read(self, values: list[Any]) -> T:
        try:
            return self._decode(values)
        except SpaceError as error:
            raise self._for_caller(error) from error.__cause__
        except RecursionError as error:
            raise self._for_caller(ProtocolError("the value is nested too deeply")) from error
        except StopAsyncIteration as error:  # it would pass for the end of the events
            raise RuntimeError("what was given to Call.map raised StopAsyncIteration") from error
        except MemoryError as error:
            raise self._located(ProtocolError("no memory for the value")) from error
