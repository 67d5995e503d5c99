"""A running call: its events, its result, its deadlines."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from spacecall._client.calls.job_iterators import OutputIterator, TextIterator
from spacecall._core.job_state import JobState, JobStatus
from spacecall._core.redaction import Redactor, redact_error, redact_event, redact_status
from spacecall._io.call_trace import CallTrace, current_trace
from spacecall._io.event_loops import EventLoopGuard, call_at
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    DeadlineError,
    JobCancelledError,
    Phase,
    ProtocolError,
    SpaceError,
)
from spacecall.events import Completed, Event, Log, Output, Progress, Status, TextDelta

if TYPE_CHECKING:
    from asyncio import TimerHandle

T = TypeVar("T")

_PHASE_OF_STATUS: dict[JobStatus, Phase] = {
    JobStatus.UPLOADING: "upload",
    JobStatus.JOINING: "queue",
    JobStatus.QUEUED: "queue",
    JobStatus.RUNNING: "run",
}
_LATE_MESSAGES: dict[Phase, str] = {
    "queue": "the app did not start on the job within",
    "run": "the app did not finish the job within",
    "total": "the call did not end within",
}


class Job(AsyncIterator[Event[T]], ABC, Generic[T]):
    """A running call: `async with space.call(…) as job`.

    Iterate over the job for its events, over `outputs` for values, or over `text` for pieces of
    text. All three take events from the same buffer: use one of them. If you read more slowly than
    the app sends, outputs are replaced by newer ones, unless the call has `every_output=True`; the
    result and errors are never dropped.
    """

    _state: JobState

    def __init__(self, settings: Settings, start_time: float | None = None) -> None:
        self._settings = settings
        self._loop_guard = EventLoopGuard()
        self._start_time = anyio.current_time() if start_time is None else start_time
        self._changed: anyio.Event | None = None
        self._redact: Redactor | None = None
        self._trace = current_trace() or CallTrace(None)
        self._alarm: TimerHandle | None = None
        self._alarm_time = math.nan
        self._is_late = False
        self._enter_phase("upload")

    @property
    def event_id(self) -> str | None:
        """The server's id of the job; None before the job is in the queue."""
        return None

    @property
    def call_id(self) -> str:
        """The id of the call in log records, hooks and errors."""
        return self._trace.call_id or ""

    @property
    def done(self) -> bool:
        """Whether the job has a result or an error."""
        return self._state.ended

    @property
    def status(self) -> Status:
        """What is known of the job now. It takes no event from the iterators."""
        return redact_status(self._state.read_status(), self._redactor())

    @property
    def conflated(self) -> int:
        """The number of outputs that newer ones replaced before you read them.

        It is 0 for a call with `every_output=True`.
        """
        return self._state.buffer.conflated

    @property
    def outputs(self) -> AsyncIterator[T]:
        """The outputs as they come, and the result last."""
        return OutputIterator(self, self._take_event)

    @property
    def text(self) -> AsyncIterator[TextDelta]:
        """The pieces that are added to a text.

        The text is the output, its attribute `text`, or the first text among several outputs. Of a
        chatbot it is the assistant's last message, also if the app clears a textbox beside it. If
        the outputs have no text, the first piece raises `TypeError`.
        """
        return TextIterator(self, self._take_event)

    def __aiter__(self) -> Job[T]:
        return self

    async def __anext__(self) -> Event[T]:
        """Return the next event; `Completed` is the last.

        Raises:
            SpaceError: the job ended with an error.
        """
        while True:
            event = self._take_event()
            if event is not None:
                return event
            if not self._state.ended or self._try_resubmit():
                await self._wait()
            elif self._state.error is not None:
                raise self._public_error(self._state.error)
            else:
                raise StopAsyncIteration

    def _take_event(self) -> Event[T] | None:
        """Remove and return the oldest event in the buffer; None if it is empty."""
        try:
            event = self._state.pop_event()
        except ProtocolError as error:
            self._abandon()
            raise self._public_error(error) from error.__cause__
        return None if event is None else self._decode_event(event)

    async def result(self) -> T:
        """Wait for the result and return it.

        Raises:
            SpaceError: the job ended with an error; see `spacecall.errors`.
        """
        while not self._state.ended or self._try_resubmit():
            await self._wait()
        if self._state.error is not None:
            raise self._public_error(self._state.error)
        return self._decode_values(self._state.values or [])

    async def cancel(self) -> None:
        """Cancel the job, here and on the server. Reading it then raises `JobCancelledError`."""
        self._loop_guard.check()
        await self._abort(JobCancelledError("the job was cancelled"))

    @abstractmethod
    async def _abort(self, error: SpaceError) -> None:
        """End the job with `error`, here and on the server. Do nothing if it has ended."""

    @abstractmethod
    def _decode(self, values: list[Any]) -> T:
        """Return the caller's value for the raw values of an event."""

    @abstractmethod
    def _with_context(self, error: SpaceError) -> SpaceError:
        """Return `error` with the Space, endpoint and event id of the job."""

    @abstractmethod
    def _redactor(self) -> Redactor:
        """Return the function that removes the caller's secrets from errors and events."""

    def _public_error(self, error: Exception) -> Exception:
        """Return `error` for the caller; a `SpaceError` with its context and without secrets."""
        if isinstance(error, SpaceError):
            error = self._with_context(error)
            error.call_id = error.call_id or self._trace.call_id
            redact_error(error, self._redactor())
        return error

    def _abandon(self) -> None:
        """End the job on the server, in the background: an output of it could not be read."""

    @property
    def _failure(self) -> Exception | None:
        """The error that the job ended with, as the caller gets it."""
        return self._state.error and self._public_error(self._state.error)

    def _try_resubmit(self) -> bool:
        """Send a lost job again if `Retry` allows it; return whether it was sent."""
        return False

    def _enter_phase(self, phase: Phase) -> None:
        self._phase: Phase = phase
        self._phase_start = anyio.current_time()
        self._has_waited = False

    def _on_change(self) -> None:
        phase = _PHASE_OF_STATUS.get(self._state.status, self._phase)
        if phase != self._phase:
            self._enter_phase(phase)
        self._state.is_awaited = False  # until the next wait, events need no report
        if self._alarm is not None and self._state.ended:
            self._alarm.cancel()
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def _wait(self) -> None:
        """Wait until something changes; abort the job when its deadline has passed."""
        self._loop_guard.check()
        deadline, make_error = self._deadline()
        if self._changed is None:
            self._changed = anyio.Event()
        self._state.is_awaited = True
        if self._has_waited and self._set_alarm(deadline):
            if not self._is_late:
                await self._changed.wait()
            is_late = self._is_late
        else:
            self._has_waited = True
            with anyio.CancelScope(deadline=deadline) as scope:
                await self._changed.wait()
            is_late = scope.cancelled_caught
        if is_late and not self._state.ended:
            await self._abort(make_error())

    def _set_alarm(self, deadline: float) -> bool:
        """Wake the job at `deadline`, by one timer for all waits of a phase.

        A scope for each wait takes as long as the wait. Most calls wait once.

        Returns:
            False if the event loop has no timers.
        """
        if deadline != self._alarm_time:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = None if deadline == math.inf else call_at(deadline, self._ring)
            self._alarm_time = deadline
            self._is_late = False
        return self._alarm is not None or deadline == math.inf

    def _ring(self) -> None:
        self._is_late = True
        self._wake()

    def _deadline(self) -> tuple[float, Callable[[], SpaceError]]:
        """Return when the current phase has to end, and what makes the error if it does not."""
        timeouts, phase = self._settings.timeouts, self._phase
        seconds = self._seconds_of_phase()
        deadline = self._phase_start + seconds
        if timeouts.total is not None and self._start_time + timeouts.total < deadline:
            phase, seconds, deadline = "total", timeouts.total, self._start_time + timeouts.total
        return deadline, lambda: DeadlineError(
            f"{_LATE_MESSAGES[phase]} {seconds:g} s", phase=phase
        )

    def _seconds_of_phase(self) -> float:
        """Return how long the current phase may take."""
        timeouts = self._settings.timeouts
        # The upload has its own timeout, Timeouts.upload.
        return {"queue": timeouts.queue, "run": timeouts.run}.get(self._phase) or math.inf

    def _decode_event(self, event: Event[Any]) -> Event[T]:
        if isinstance(event, Output):
            return Output(self._decode_values(event.value))
        if isinstance(event, Completed):
            return Completed(self._decode_values(event.value), event.duration, event.used_cache)
        if not isinstance(event, (Log, Progress)):
            return event
        if self._redact is None:
            self._redact = self._redactor()
        return redact_event(event, self._redact)

    def _decode_values(self, values: list[Any]) -> T:
        try:
            return self._decode(values)
        except SpaceError as error:
            raise self._public_error(error) from error.__cause__
        except RecursionError as error:
            raise self._public_error(ProtocolError("the value is nested too deeply")) from error
        except StopAsyncIteration as error:  # it would look like the end of the events
            raise RuntimeError(
                "the function given to Call.map raised StopAsyncIteration"
            ) from error
        except MemoryError as error:
            raise self._with_context(
                ProtocolError("the value is too large for the memory")
            ) from error
