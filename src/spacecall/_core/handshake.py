"""A stream of one job's own (`ws` and `sse`): what the server asks for on it, and what it is told.

The server asks for the arguments when the job's turn comes; without them nothing runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacecall._core.jobs import Job
from spacecall._core.queue_messages import Message
from spacecall._wire.queue_data import (
    Heartbeat,
    ProcessCompleted,
    QueueFull,
    SendData,
    SendHash,
    UnexpectedError,
)
from spacecall.errors import JobLostError, QueueFullError

__all__ = ["Handshake"]


class Handshake:
    """Hands the messages of a stream to its job, and says what to answer.

    Args:
        job: whose stream it is.
        data: the arguments, every slot of them.
        session_hash: of the session that the job belongs to.

    Attributes:
        sent: whether the arguments were given, so that the job may run.
        complete: whether the server has said how the job ended.
    """

    __slots__ = ("_data", "_job", "_session_hash", "complete", "sent")

    def __init__(self, job: Job, data: Sequence[Any], session_hash: str) -> None:
        self._job = job
        self._data = list(data)
        self._session_hash = session_hash
        self.sent = False
        self.complete = False

    def receive(self, message: Message, size: int = 0) -> dict[str, Any] | None:
        """Take the next message; what it is answered with, if it asks for anything.

        Args:
            message: as it was parsed.
            size: bytes that it came as.
        """
        who = {"fn_index": self._job.fn_index, "session_hash": self._session_hash}
        match message:
            case SendHash():
                return who
            case SendData(event_id=event_id):
                self.sent = True
                self._job.event_id = event_id
                named = {} if event_id is None else {"event_id": event_id}
                return {"data": self._data, "event_data": None, **who, **named}
            case Heartbeat():
                return None
            case QueueFull():
                self._job.fail(QueueFullError("the app's queue takes no more jobs", status=503))
            case UnexpectedError():
                why = message.message or "the server gave up the job"
                self._job.fail(JobLostError(why, sent=self.sent))
            case _:
                self._job.receive(message, size)
        self.complete = isinstance(message, (ProcessCompleted, QueueFull, UnexpectedError))
        return None
