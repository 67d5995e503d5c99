"""One job: messages in, events and an outcome out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from spacecall._core.job_outcomes import outcome, plain
from spacecall._core.job_state import State, Work
from spacecall._core.json_values import error_text
from spacecall._core.queue_messages import MalformedMessage, Message, UnknownMessage
from spacecall._core.snapshots import Snapshot, advance
from spacecall._wire.queue_data import (
    Estimation,
    ProcessCompleted,
    ProcessGenerating,
    ProcessStarts,
    ProcessStreaming,
)
from spacecall._wire.queue_data import (
    Log as LogMessage,
)
from spacecall._wire.queue_data import (
    Progress as ProgressMessage,
)
from spacecall.errors import JobCancelledError, ProtocolError, SpaceError
from spacecall.events import Log, Output, Progress, ProgressUnit, Queued, Started
from spacecall.options import Limits

_IN_QUEUE: Final[dict[type, State]] = {
    Estimation: State.QUEUED,
    LogMessage: State.QUEUED,
    ProcessStarts: State.RUNNING,
    ProgressMessage: State.RUNNING,
    ProcessGenerating: State.RUNNING,
    ProcessStreaming: State.RUNNING,
    ProcessCompleted: State.ENDED,
}
_IN_WORK: Final[dict[type, State]] = {
    kind: State.ENDED if kind is ProcessCompleted else State.RUNNING for kind in _IN_QUEUE
}
TRANSITIONS: Final[dict[State, dict[type, State]]] = {
    State.UPLOADING: {},
    State.JOINING: {},
    State.QUEUED: _IN_QUEUE,
    State.RUNNING: _IN_WORK,
    State.ENDED: {},
}
"""Which message may come in which state, and what follows. A result from the app's cache comes
straight from QUEUED to ENDED (6.x), and a generator may give a value before it is said to start."""


class Job(Work):
    """The state of one job of an app's queue.

    Args:
        fn_index: of the function that it runs.
        edits: whether values after the first come as edits.
        follow, limits, notify: see `Work`.
    """

    __slots__ = (
        "_edits",
        "_max_value",
        "_snapshot",
        "event_id",
        "fn_index",
        "heard",
        "on_the_way",
    )

    def __init__(
        self,
        fn_index: int,
        *,
        edits: bool = True,
        follow: bool,
        limits: Limits,
        notify: Callable[[], None],
    ) -> None:
        super().__init__(follow=follow, limits=limits, notify=notify)
        self.fn_index = fn_index
        self._edits = edits
        self.event_id: str | None = None
        self.heard = False
        self.on_the_way = False
        self._snapshot: Snapshot | None = None
        self._max_value = limits.max_event_bytes

    @contextmanager
    def sending(self) -> Generator[None]:
        """While inside, the server may be accepting the job: that must not be cut short.

        Raises:
            JobCancelledError: nobody waits for it any more. It is not sent, or not again.
        """
        self._check_wanted()
        self.on_the_way = True
        try:
            yield
        except SpaceError:
            self._check_wanted()
            raise
        finally:
            self.on_the_way = False

    def _check_wanted(self) -> None:
        if self.ended:
            raise JobCancelledError("nobody waits for the job any more")

    def receive(self, message: Message, size: int = 0) -> None:
        """Take the next message of this job, which came as `size` bytes.

        A message that is malformed or cannot come now, a diff that cannot be applied, or whatever
        else goes wrong with it, ends the job with a `ProtocolError`; other jobs go on.
        """
        if not self.heard:
            self.heard = True
            self._notify()
        before = self.state
        if before is State.ENDED or isinstance(message, UnknownMessage):
            return
        if isinstance(message, MalformedMessage):
            self.fail(ProtocolError(message.reason))
            return
        target = TRANSITIONS[before].get(type(message))
        if target is None:
            self.fail(ProtocolError(f"{message.msg!r} cannot come while the job is {before.value}"))
            return
        try:
            if isinstance(message, ProcessCompleted):
                self._complete(message, size)
            elif self.follow:
                self._follow(message, size)
        except ProtocolError as error:
            self.fail(error)
            return
        except Exception as error:  # noqa: BLE001 - one reader serves many jobs: it must go on
            failure = ProtocolError(f"a {message.msg!r} cannot be read: {error_text(error)}")
            failure.__cause__ = error
            self.fail(failure)
            return
        if target is not State.ENDED and (self.follow or target is not before):
            self.state = target
            self._notify()

    def fail(self, error: Exception) -> None:
        """End with an error; a `SpaceError` learns the job's id. The first end counts."""
        if isinstance(error, SpaceError):
            error.event_id = error.event_id or self.event_id
        super().fail(error)

    def _end(self) -> None:
        self._snapshot = None
        super()._end()

    def _complete(self, message: ProcessCompleted, size: int) -> None:
        result = outcome(message)
        if isinstance(result, SpaceError):
            self.fail(result)
        else:
            self.succeed(result, message.output.duration if message.output else None, size)

    def _follow(self, message: Message, size: int) -> None:
        match message:
            case ProcessGenerating() | ProcessStreaming():
                data = (message.output.data if message.output else None) or []
                whole = not self._edits or isinstance(message, ProcessStreaming)
                before = None if whole else self._snapshot
                self._snapshot = advance(before, data, size, self._max_value)
                self.backlog.push(Output(self._snapshot.values), self._snapshot.size)
            case Estimation():
                queued = Queued(message.rank, message.queue_size, message.rank_eta)
                self.backlog.push(queued, size)
            case ProcessStarts():
                self.backlog.push(Started(message.eta), size)
            case ProgressMessage():
                self.backlog.push(_progress(message), size)
            case LogMessage():
                text = plain(message.log or "")
                line = Log(text, message.level or "info", message.title, message.duration)
                self.backlog.push(line, size)
            case _:  # pragma: no cover
                raise AssertionError(message)


def _progress(message: ProgressMessage) -> Progress:
    return Progress(
        tuple(
            ProgressUnit(unit.index, unit.length, unit.unit, unit.progress, unit.desc)
            for unit in message.progress_data or ()
        )
    )
