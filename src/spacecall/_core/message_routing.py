"""Distribute the messages of a session's stream to the jobs that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from spacecall._core.job_outcomes import changes_component
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.messages import (
    CloseStream,
    Heartbeat,
    ProcessCompleted,
    ProcessStarts,
    ProcessStreaming,
    UnexpectedError,
)
from spacecall._core.queue_messages import MalformedMessage, Message, ValueUpdate
from spacecall.errors import JobLostError, ProtocolError, SpaceError
from spacecall.options import Limits

_ABANDONING: Final = (ProcessStarts, ProcessStreaming)
"""The messages of a job that the app starts, or keeps for further inputs."""


class FeedResult(Enum):
    """Whether the stream continues after a message."""

    CONTINUES = auto()
    CLOSES = auto()
    IS_AWAITED = auto()
    """The stream continues, and the message was of a job that is waited for."""


class Demultiplexer:
    """The jobs of one session, which share a stream.

    A job is reserved, then joins, and is accepted when the server answers with its event id. A
    message may arrive before that answer: while any join is unanswered, messages with an unknown
    event id are stored, and `accept` delivers them.

    Args:
        limits: how many early messages are stored, and how many bytes of them.
        on_abandoned: called with each job that the app starts, goes on with, or keeps for further
            inputs of a stream, although it has ended here.
    """

    __slots__ = (
        "_early",
        "_early_bytes",
        "_early_count",
        "_jobs",
        "_jobs_before_stream",
        "_joining",
        "_limits",
        "_on_abandoned",
        "_reserved",
        "components_changed",
    )

    def __init__(
        self, limits: Limits, on_abandoned: Callable[[Job], None] = lambda _: None
    ) -> None:
        self._jobs: dict[str, Job] = {}
        self._reserved: set[Job] = set()
        self._joining: set[Job] = set()
        self._jobs_before_stream: set[str] = set()
        self._early: dict[str, list[tuple[Message, int]]] = {}
        self._early_count = 0
        self._early_bytes = 0
        self._limits = limits
        self._on_abandoned = on_abandoned
        self.components_changed = False
        """Whether a job changed a component: Gradio 5 and 6 check the session's next inputs by
        the changed component."""

    @property
    def has_jobs(self) -> bool:
        """Whether the server has accepted jobs of this session that have not ended there."""
        return bool(self._jobs)

    def has_job(self, job: Job) -> bool:
        """Whether the server has accepted `job`, and has not ended it."""
        return self._jobs.get(job.event_id or "") is job

    @property
    def has_reserved(self) -> bool:
        """Whether a job is joining, or is about to join."""
        return bool(self._reserved)

    @property
    def has_waiters(self) -> bool:
        """Whether a job is reserved, or has been accepted and has not ended here."""
        return bool(self._reserved) or not all(job.ended for job in self._jobs.values())

    @property
    def active_jobs(self) -> int:
        """The number of jobs on this session, reserved ones included."""
        return len(self._jobs) + len(self._reserved)

    @property
    def event_ids_by_function(self) -> dict[int, list[str]]:
        """The event ids of the jobs that the server may be running, by `fn_index`."""
        event_ids: dict[int, list[str]] = {}
        for event_id, job in self._jobs.items():
            event_ids.setdefault(job.fn_index, []).append(event_id)
        return event_ids

    def has_sibling(self, job: Job) -> bool:
        """Whether another unfinished job calls the same function: /cancel would end it too."""
        jobs = [*self._jobs.values(), *self._reserved]
        return any(
            sibling is not job and sibling.fn_index == job.fn_index and not sibling.ended
            for sibling in jobs
        )

    def reserve(self, job: Job) -> None:
        """Add a job that will join after its arguments are prepared and its files uploaded."""
        self._reserved.add(job)

    def begin_join(self, job: Job) -> None:
        """Note that the join request is being sent: messages may arrive before the answer."""
        self._joining.add(job)

    def end_join(self, job: Job) -> None:
        """Note that the join is over: accepted, refused, or never sent."""
        self._reserved.discard(job)
        self._joining.discard(job)
        if not self._joining:
            self._discard_early()

    def accept(self, job: Job, event_id: str) -> None:
        """Register a job whose join was answered, and deliver its early messages.

        Raises:
            ProtocolError: another job has the same id. That job ends with the same error, since
                messages with this id could belong to either.
        """
        namesake = self._jobs.get(event_id)
        if namesake is not None:
            namesake.fail(_duplicate_id_error(event_id))
            raise _duplicate_id_error(event_id)
        job.event_id = event_id
        self._jobs[event_id] = job
        job.advance(JobStatus.QUEUED)
        early = self._early.pop(event_id, [])
        self._early_count -= len(early)
        self._early_bytes -= sum(size for _, size in early)
        for message, size in early:
            self._deliver(job, message, size)

    def begin_stream(self) -> None:
        """Note that a stream is being opened: the server closes it after the present jobs."""
        self._jobs_before_stream = set(self._jobs)

    def feed(self, message: Message, size: int = 0) -> FeedResult:
        """Process the next message of the stream, which was parsed from `size` bytes.

        Raises:
            JobLostError: the server gave up the whole stream.
            ProtocolError: more early messages than `limits` allow.
        """
        event_id = message.event_id
        if isinstance(message, ValueUpdate):  # most messages
            job = self._jobs.get(message.event_id)
            if job is not None and not job.ended:
                job.receive(message, size)
                if job.status is not JobStatus.ENDED:
                    return FeedResult.IS_AWAITED
                self._on_abandoned(job)
                return FeedResult.CONTINUES
        if isinstance(message, CloseStream):
            self.close()
            return FeedResult.CLOSES
        if isinstance(message, UnexpectedError):
            error = JobLostError(message.message or "the server gave up the stream: call again")
            if event_id is None or event_id not in self._jobs:
                raise error
            self._jobs.pop(event_id).fail(error)
        elif event_id is None or isinstance(message, Heartbeat):
            pass
        elif job := self._jobs.get(event_id):
            self._deliver(job, message, size)
        elif self._joining:
            self._store_early(event_id, message, size)
        return FeedResult.CONTINUES

    def fail_all(self, make_error: Callable[[], SpaceError]) -> None:
        """End every accepted job with an error of its own, since the stream is lost."""
        jobs, self._jobs = self._jobs, {}
        self._discard_early()
        for job in jobs.values():
            job.fail(make_error())

    def close(self) -> None:
        """Process the end of the stream: the server had no unfinished job when it ended it.

        A job that joined while the server closed the stream has no message yet; it stays.
        """
        jobs, self._jobs = self._jobs, {}
        for event_id, job in jobs.items():
            if job.has_messages or event_id in self._jobs_before_stream:
                job.fail(JobLostError("the server closed the stream without a result"))
            else:
                self._jobs[event_id] = job

    def _deliver(self, job: Job, message: Message, size: int) -> None:
        was_ended = job.ended
        job.receive(message, size)
        if isinstance(message, MalformedMessage) and message.msg == "process_completed":
            self._jobs.pop(message.event_id, None)
        elif isinstance(message, ProcessCompleted) and job.event_id:
            self._jobs.pop(job.event_id, None)
            self.components_changed = self.components_changed or changes_component(message)
        elif job.ended and (isinstance(message, _ABANDONING) or not was_ended):
            self._on_abandoned(job)

    def _store_early(self, event_id: str, message: Message, size: int) -> None:
        max_count, max_bytes = self._limits.max_early_messages, self._limits.max_early_bytes
        if self._early_count >= max_count:
            raise ProtocolError(
                f"more than {max_count} messages arrived for jobs whose join is unanswered: "
                "raise Limits.max_early_messages"
            )
        if self._early_bytes + size > max_bytes:
            raise ProtocolError(
                f"more than {max_bytes} bytes of messages arrived for jobs whose join is "
                "unanswered: raise Limits.max_early_bytes"
            )
        self._early.setdefault(event_id, []).append((message, size))
        self._early_count += 1
        self._early_bytes += size

    def _discard_early(self) -> None:
        self._early.clear()
        self._early_count = self._early_bytes = 0


def _duplicate_id_error(event_id: str) -> ProtocolError:
    return ProtocolError(f"the server gave two jobs of one session the same id {event_id[:80]!r}")
