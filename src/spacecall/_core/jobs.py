"""The state machine of one queued job: it turns messages into events and an outcome."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.job_outcomes import read_outcome, read_used_cache
from spacecall._core.job_state import JobState, JobStatus
from spacecall._core.json_values import describe_error
from spacecall._core.markup import strip_markup
from spacecall._core.messages import (
    Estimation,
    JobOutput,
    LogMessage,
    ProcessCompleted,
    ProcessGenerating,
    ProcessStarts,
    ProcessStreaming,
    ProgressMessage,
)
from spacecall._core.queue_messages import (
    MalformedMessage,
    Message,
    UnknownMessage,
    ValueUpdate,
)
from spacecall._core.snapshots import Snapshot, apply_message
from spacecall.errors import JobCancelledError, ProtocolError, SpaceError
from spacecall.events import Event, Log, Output, Progress, Queued, Started
from spacecall.options import Limits

_FROM_QUEUED: Final[dict[type, JobStatus]] = {
    Estimation: JobStatus.QUEUED,
    LogMessage: JobStatus.QUEUED,
    ProcessStarts: JobStatus.RUNNING,
    ProgressMessage: JobStatus.RUNNING,
    ProcessGenerating: JobStatus.RUNNING,
    ValueUpdate: JobStatus.RUNNING,
    ProcessStreaming: JobStatus.RUNNING,
    ProcessCompleted: JobStatus.ENDED,
}
_FROM_RUNNING: Final[dict[type, JobStatus]] = {
    kind: JobStatus.ENDED if kind is ProcessCompleted else JobStatus.RUNNING
    for kind in _FROM_QUEUED
}
TRANSITIONS: Final[dict[JobStatus, dict[type, JobStatus]]] = {
    JobStatus.UPLOADING: {},
    JobStatus.JOINING: {},
    JobStatus.QUEUED: _FROM_QUEUED,
    JobStatus.RUNNING: _FROM_RUNNING,
    JobStatus.ENDED: {},
}
"""The messages that may arrive in each status, and the status that follows. A result from the app's
cache leads straight from QUEUED to ENDED (6.x), and a generator may send a value before it starts.
"""


class Job(JobState):
    """The state of one job of an app's queue.

    Args:
        fn_index: the index of the function that it runs.
        sends_diffs: whether each value after the first arrives as edits of the previous value.
        ends_at_output: whether the job ends with its first value, although the server keeps it for
            further inputs of a stream.
        follow, limits, notify, every_output: see `JobState`.
        on_values: called with the raw values of each output and of the result.
        trace: identifies the call in log records; this class does not use it.

    Attributes:
        event_id: the server's id of the job; None until the server accepts it.
        has_messages: whether a message of the job has arrived.
        awaits_input: whether the server keeps the job until the next input of a stream.
        is_submitting: whether the join request is being sent: cancelling it would leave open
            whether the server accepted the job.
    """

    __slots__ = (
        "_every_output",
        "_max_value_bytes",
        "_on_values",
        "_popped",
        "_sends_diffs",
        "_snapshot",
        "awaits_input",
        "ends_at_output",
        "event_id",
        "fn_index",
        "has_messages",
        "is_submitting",
        "trace",
    )

    def __init__(
        self,
        fn_index: int,
        *,
        sends_diffs: bool = True,
        ends_at_output: bool = False,
        follow: bool,
        limits: Limits,
        notify: Callable[[], None],
        every_output: bool = False,
        on_values: Callable[[list[Any]], None] | None = None,
        trace: object = None,
    ) -> None:
        super().__init__(follow=follow, limits=limits, notify=notify, every_output=every_output)
        self._every_output = every_output
        self._on_values = on_values
        self.fn_index = fn_index
        self.trace = trace
        self._sends_diffs = sends_diffs
        self.ends_at_output = ends_at_output
        self.event_id: str | None = None
        self.has_messages = False
        self.awaits_input = False
        self.is_submitting = False
        self._snapshot: Snapshot | None = None
        self._popped: Snapshot | None = None
        self._max_value_bytes = limits.max_event_bytes

    @contextmanager
    def submission(self) -> Generator[None]:
        """Set `is_submitting` while the request inside is sent.

        Raises:
            JobCancelledError: the job has ended. It is not sent, or not sent again.
        """
        self._check_not_ended()
        self.is_submitting = True
        try:
            yield
        except SpaceError:
            self._check_not_ended()
            raise
        finally:
            self.is_submitting = False

    def _check_not_ended(self) -> None:
        if self.ended:
            raise JobCancelledError("the job was cancelled before the server accepted it")

    def receive(self, message: Message, size: int = 0) -> None:
        """Process the next message of this job, which was parsed from `size` bytes.

        A malformed message, a message that the status does not allow, an edit that does not apply,
        or any other failure ends the job with a `ProtocolError`. Other jobs go on.
        """
        if not self.has_messages:
            self.has_messages = True
            self._notify()
        if isinstance(message, ValueUpdate) and self.status is JobStatus.RUNNING:
            self._receive_update(message, size)
            return
        status = self.status
        self.awaits_input = self.awaits_input or isinstance(message, ProcessStreaming)
        target = self._find_target(message)
        if target is None:
            return
        try:
            if isinstance(message, ValueUpdate):
                self._receive_values(message.data, size, is_diff=self._sends_diffs)
            elif isinstance(message, (ProcessGenerating, ProcessStreaming)):
                self._receive_output(message, size)
            elif isinstance(message, ProcessCompleted):
                self._complete(message, size)
            elif self.follow:
                self._add_event(message, size)
        except Exception as error:  # noqa: BLE001 - one reader serves many jobs: it has to go on
            self.fail(_as_space_error(error, message.msg))
        if self.ended:
            return
        self.status = target
        if target is not status or (self.follow and self.is_awaited):
            self._notify()

    def _receive_update(self, message: ValueUpdate, size: int) -> None:
        """Process a value of a running job, as `receive` does: most messages are one."""
        try:
            self._receive_values(message.data, size, is_diff=self._sends_diffs)
        except Exception as error:  # noqa: BLE001 - see `receive`
            self.fail(_as_space_error(error, message.msg))
        else:
            if self.follow and self.is_awaited and self.status is not JobStatus.ENDED:
                self._notify()

    def _find_target(self, message: Message) -> JobStatus | None:
        """Return the status that follows a message; None if it changes nothing, or ends the job."""
        if self.status is JobStatus.ENDED or isinstance(message, UnknownMessage):
            return None
        if isinstance(message, MalformedMessage):
            self.fail(ProtocolError(message.reason))
            return None
        target = TRANSITIONS[self.status].get(type(message))
        if target is None:
            reason = f"the server sent {message.msg!r} while the job is {self.status.value}"
            self.fail(ProtocolError(reason))
        return target

    def fail(self, error: Exception) -> None:
        """End with an error, which gets the job's id, unless the job has ended already."""
        if isinstance(error, SpaceError):
            error.event_id = error.event_id or self.event_id
        super().fail(error)

    def pop_event(self) -> Event[Any] | None:
        event = super().pop_event()
        if not isinstance(event, _Edits):
            return event
        previous = self._popped if event.is_diff else None
        try:
            self._popped = apply_message(previous, event.value, event.size, self._max_value_bytes)
        except Exception as error:  # noqa: BLE001 - ends the job
            self.buffer.clear()
            problem = _as_space_error(error, "process_generating")
            self.fail(problem)
            raise problem from problem.__cause__
        return Output(self._popped.values)

    def _end(self) -> None:
        self._snapshot = None
        if self._on_values is not None and self.values is not None:
            self._on_values(self.values)
        super()._end()

    def _complete(self, message: ProcessCompleted, size: int) -> None:
        result = read_outcome(message)
        if isinstance(result, SpaceError):
            self.fail(result)
        else:
            duration = message.output.duration if message.output else None
            self.succeed(result, duration, size, read_used_cache(message))

    def _receive_output(self, message: ProcessGenerating | ProcessStreaming, size: int) -> None:
        output = message.output or JobOutput()
        if not message.success:
            raise ProtocolError(f"the server sent {message.msg!r} of a step that failed")
        data = output.data or []
        if isinstance(message, ProcessStreaming) and self.ends_at_output:
            self.succeed(data, output.duration, size)
            return
        is_diff = self._sends_diffs and not isinstance(message, ProcessStreaming)
        self._receive_values(data, size, is_diff=is_diff)

    def _receive_values(self, data: list[Any], size: int, *, is_diff: bool) -> None:
        if self._on_values is not None or (self.follow and not self._every_output):
            previous = self._snapshot if is_diff else None
            self._snapshot = apply_message(previous, data, size, self._max_value_bytes)
        if self._on_values is not None and self._snapshot is not None:
            self._on_values(self._snapshot.values)
        if self.follow and self._every_output:
            self._push(_Edits(data, is_diff, size), size)
        elif self.follow and self._snapshot is not None:
            self._outputs += 1
            self.buffer.push(self._snapshot, self._snapshot.size)

    def _add_event(self, message: Message, size: int) -> None:
        match message:
            case Estimation():
                queued = Queued(message.rank, message.queue_size, message.rank_eta)
                self._push(queued, size)
            case ProcessStarts():
                self._push(Started(message.eta), size)
            case ProgressMessage():
                self._push(Progress(tuple(message.progress_data or ())), size)
            case LogMessage():
                text = strip_markup(message.log or "")
                log = Log(text, message.level or "info", message.title, message.duration)
                self._push(log, size)
            case _:  # pragma: no cover
                raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class _Edits(Output[list[Any]]):
    """A message with an output, to which it is applied when the output is read.

    Outputs that wait then take no more memory than their messages.

    Attributes:
        value: the edits, or the values.
        is_diff: whether they are edits, unless it is the first message.
        size: of the message in bytes.
    """

    is_diff: bool
    size: int


def _as_space_error(error: Exception, kind: str | None) -> SpaceError:
    """Return the error of a job whose message of this kind cannot be read, or not be kept."""
    if isinstance(error, SpaceError):
        return error
    reason = f"cannot read the server's {kind or ''!r} message: {describe_error(error)}"
    problem = ProtocolError(reason)
    problem.__cause__ = error
    return problem
