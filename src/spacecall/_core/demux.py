"""The messages of one session's stream, each to its own job."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from spacecall._core.job_outcomes import alters
from spacecall._core.job_state import State
from spacecall._core.jobs import Job
from spacecall._core.queue_messages import MalformedMessage, Message
from spacecall._wire.queue_data import (
    CloseStream,
    Heartbeat,
    ProcessCompleted,
    ProcessStarts,
    UnexpectedError,
)
from spacecall.errors import JobLostError, ProtocolError, SpaceError
from spacecall.options import Limits


class Fed(Enum):
    """What a message meant for the stream."""

    CONTINUES = auto()
    CLOSES = auto()


class Demultiplexer:
    """Who waits for what on one session.

    A message can come before the answer to the join that it belongs to: while a join waits for
    its answer, messages with an unknown event id are parked, and handed over on `accept`.

    Args:
        limits: how many messages are kept so, and how many bytes of them.
        unwanted: told of each job that the app begins to work on although it has ended here.
    """

    __slots__ = (
        "_expected",
        "_jobs",
        "_joining",
        "_known",
        "_limits",
        "_parked",
        "_parked_bytes",
        "_parked_count",
        "_unwanted",
        "altered",
    )

    def __init__(self, limits: Limits, unwanted: Callable[[Job], None] = lambda _: None) -> None:
        self._jobs: dict[str, Job] = {}
        self._expected: set[Job] = set()
        self._joining: set[Job] = set()
        self._known: set[str] = set()
        self._parked: dict[str, list[tuple[Message, int]]] = {}
        self._parked_count = 0
        self._parked_bytes = 0
        self._limits = limits
        self._unwanted = unwanted
        self.altered = False
        """Whether a job changed a component, by which Gradio 5 and 6 check the session's next."""

    @property
    def pending(self) -> bool:
        """Whether the server still has jobs of this session, as far as is known here."""
        return bool(self._jobs)

    @property
    def expecting(self) -> bool:
        """Whether a join is under way, or about to be."""
        return bool(self._expected)

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a job here, one that is about to join included."""
        return bool(self._expected) or not all(job.ended for job in self._jobs.values())

    @property
    def load(self) -> int:
        """Jobs on this session, those that are about to join included."""
        return len(self._jobs) + len(self._expected)

    @property
    def functions(self) -> dict[int, list[str]]:
        """The functions that the server may be running for this session, with their jobs' ids."""
        found: dict[int, list[str]] = {}
        for event_id, job in self._jobs.items():
            found.setdefault(job.fn_index, []).append(event_id)
        return found

    def has_sibling(self, job: Job) -> bool:
        """Whether another job of the same function, which /cancel would kill too, is wanted."""
        others = [*self._jobs.values(), *self._expected]
        return any(o is not job and o.fn_index == job.fn_index and not o.ended for o in others)

    def expect(self, job: Job) -> None:
        """`job` is about to join: its arguments are made ready, its files uploaded."""
        self._expected.add(job)

    def joining(self, job: Job) -> None:
        """The join of `job` is sent: its messages may come before the answer."""
        self._joining.add(job)

    def joined(self, job: Job) -> None:
        """The join of `job` is over: accepted, refused, or never sent."""
        self._expected.discard(job)
        self._joining.discard(job)
        if not self._joining:
            self._forget_parked()

    def accept(self, job: Job, event_id: str) -> None:
        """The join of `job` was answered: hand over what came before the answer.

        Raises:
            ProtocolError: another job here has that id, and ends with such an error too: nobody
                can tell whose the messages are.
        """
        namesake = self._jobs.get(event_id)
        if namesake is not None:
            namesake.fail(_ambiguous(event_id))
            raise _ambiguous(event_id)
        job.event_id = event_id
        self._jobs[event_id] = job
        job.advance(State.QUEUED)
        early = self._parked.pop(event_id, [])
        self._parked_count -= len(early)
        self._parked_bytes -= sum(size for _, size in early)
        for message, size in early:
            self._deliver(job, message, size)

    def opening(self) -> None:
        """A stream is about to be opened: the server closes it after all the jobs here."""
        self._known = set(self._jobs)

    def feed(self, message: Message, size: int = 0) -> Fed:
        """Take the next message of the stream, which came as `size` bytes.

        Raises:
            JobLostError: the server gives up the whole stream.
            ProtocolError: more messages than may be parked.
        """
        if isinstance(message, CloseStream):
            self.close()
            return Fed.CLOSES
        event_id = message.event_id
        if isinstance(message, UnexpectedError):
            error = JobLostError(message.message or "the server gave up the stream")
            if event_id is None or event_id not in self._jobs:
                raise error
            self._jobs.pop(event_id).fail(error)
        elif event_id is None or isinstance(message, Heartbeat):
            pass
        elif job := self._jobs.get(event_id):
            self._deliver(job, message, size)
        elif self._joining:
            self._park(event_id, message, size)
        return Fed.CONTINUES

    def lose(self, error: Callable[[], SpaceError]) -> None:
        """The stream is gone: every job that was on it ends with an error of its own."""
        jobs, self._jobs = self._jobs, {}
        self._forget_parked()
        for job in jobs.values():
            job.fail(error())

    def close(self) -> None:
        """The server has ended the stream, having no unfinished job left.

        Only one that joined while it did so can be new.
        """
        jobs, self._jobs = self._jobs, {}
        for event_id, job in jobs.items():
            if job.heard or event_id in self._known:
                job.fail(JobLostError("the server closed the stream without a result"))
            else:
                self._jobs[event_id] = job

    def _deliver(self, job: Job, message: Message, size: int) -> None:
        job.receive(message, size)
        if isinstance(message, MalformedMessage):
            if message.msg == "process_completed":
                self._jobs.pop(message.event_id, None)
        elif isinstance(message, ProcessCompleted) and job.event_id:
            self._jobs.pop(job.event_id, None)
            self.altered = self.altered or alters(message)
        elif isinstance(message, ProcessStarts) and job.ended:
            self._unwanted(job)

    def _park(self, event_id: str, message: Message, size: int) -> None:
        most, most_bytes = self._limits.max_early_messages, self._limits.max_early_bytes
        if self._parked_count >= most:
            raise ProtocolError(
                f"more than {most} messages came for jobs whose join is unanswered "
                "(raise Limits.max_early_messages)"
            )
        if self._parked_bytes + size > most_bytes:
            raise ProtocolError(
                f"messages of more than {most_bytes} bytes came for jobs whose join is unanswered "
                "(raise Limits.max_early_bytes)"
            )
        self._parked.setdefault(event_id, []).append((message, size))
        self._parked_count += 1
        self._parked_bytes += size

    def _forget_parked(self) -> None:
        self._parked.clear()
        self._parked_count = self._parked_bytes = 0


def _ambiguous(event_id: str) -> ProtocolError:
    return ProtocolError(f"the server gave two jobs of one session the id {event_id[:80]!r}")
