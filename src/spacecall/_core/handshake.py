"""Answer the server's questions on a stream of one job (the protocols `ws` and `sse`).

The server asks for the arguments when it is the job's turn. Without an answer nothing runs.
"""

from __future__ import annotations

from typing import Any

from spacecall._core.gradio_requests import JobInputs
from spacecall._core.jobs import Job
from spacecall._core.messages import (
    Heartbeat,
    ProcessCompleted,
    QueueFull,
    SendData,
    SendHash,
    UnexpectedError,
)
from spacecall._core.queue_messages import Message
from spacecall.errors import JobLostError, QueueFullError

__all__ = ["Handshake"]


class Handshake:
    """Passes the messages of a stream to its job, and builds the answers to the server.

    Args:
        job: the job of the stream.
        inputs: the arguments, and the details of an event.
        session_hash: the id of the session that the job belongs to.

    Attributes:
        sent: whether the arguments were requested, so that the job may run.
        complete: whether the server has sent the end of the job.
    """

    __slots__ = ("_inputs", "_job", "_session_hash", "complete", "sent")

    def __init__(self, job: Job, inputs: JobInputs, session_hash: str) -> None:
        self._job = job
        self._inputs = inputs
        self._session_hash = session_hash
        self.sent = False
        self.complete = False

    def receive(self, message: Message, size: int = 0) -> dict[str, Any] | None:
        """Process the next message, parsed from `size` bytes; return the answer, or None."""
        identity = {"fn_index": self._job.fn_index, "session_hash": self._session_hash}
        match message:
            case SendHash():
                return identity
            case SendData(event_id=event_id):
                self.sent = True
                self._job.event_id = event_id
                if event_id is not None:
                    identity["event_id"] = event_id
                data, event_data = list(self._inputs.data), self._inputs.event_data
                return {"data": data, "event_data": event_data, **identity}
            case Heartbeat():
                return None
            case QueueFull():
                self._job.fail(
                    QueueFullError("the app's queue is full: try again later", status=503)
                )
            case UnexpectedError():
                reason = message.message or "the server gave up the job"
                self._job.fail(JobLostError(reason, sent=self.sent))
            case _:
                self._job.receive(message, size)
        self.complete = isinstance(message, (ProcessCompleted, QueueFull, UnexpectedError))
        return None
