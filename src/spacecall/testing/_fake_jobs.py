"""Jobs of a fake Space, and the streams that tell of them. Times are of the running event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from spacecall._io.intercept import NetworkError
from spacecall.cassettes._format.job_recordings import close_stream
from spacecall.cassettes._format.server_sent_event import Event

LOST = "ReadError"
"""What a stream that breaks fails with, as the network would have it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job is going to give, after its inputs are known.

    Attributes:
        values: one after another, each with every output; of a job that does not fail the last is
            the result.
        error: what the app raises after them; None if it does not.
        title: of the error.
        lost: whether the stream breaks instead of telling the end.
        delay: seconds until the first value, and between two.
    """

    values: Sequence[list[Any]]
    error: str | None = None
    title: str = "Error"
    lost: bool = False
    delay: float = 0.0

    @property
    def result(self) -> list[Any]:
        """The outputs of a job that does not fail."""
        return list(self.values[-1]) if self.values else []


@dataclass(slots=True, eq=False)
class Job:
    """A job that has joined.

    Attributes:
        due: what is told next, each at its time.
        breaks: whether the stream breaks when all is told.
    """

    event_id: str
    fn_index: int
    due: list[tuple[float, dict[str, Any]]]
    breaks: bool = False

    def cancel(self, now: float) -> None:
        """End it now, as Gradio does: a completion without data."""
        completed = _completed(self.event_id, {}, success=True)
        self.due = [(now, completed)] if self.due else []
        self.breaks = False


@dataclass(slots=True)
class Session:
    """The jobs of one session, and its stream."""

    jobs: list[Job] = field(default_factory=list[Job])
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def join(self, job: Job) -> None:
        """A job has joined."""
        self.jobs.append(job)
        self._wake()

    def cancel(self, fn_index: int | None) -> None:
        """Cancel the jobs of a function."""
        for job in self.jobs:
            if job.fn_index == fn_index:
                job.cancel(anyio.current_time())
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.jobs:
            await anyio.lowlevel.checkpoint()
            job = min(self.jobs, key=lambda one: one.due[0][0])
            if not await self._is_due(job.due[0][0]):
                continue
            _, message = job.due.pop(0)
            if not job.due:
                self.jobs.remove(job)
            yield Event.json_of("message", message).encoded()
            if not job.due and job.breaks:
                self.jobs.clear()
                raise NetworkError(LOST)
        yield close_stream().encoded()

    async def _is_due(self, at: float) -> bool:
        """Wait until then; False if something has changed meanwhile."""
        changed = self._changed
        with anyio.CancelScope(deadline=at):
            await changed.wait()
        return not changed.is_set()

    async def aclose(self) -> None:
        """The client has gone: as on Gradio, its jobs go with it."""
        self.jobs.clear()


def queue_job(event_id: str, fn_index: int, outcome: Outcome, now: float) -> Job:
    """A job of the queue; values after the first are sent as edits, as sse_v3 has it."""
    due: list[tuple[float, dict[str, Any]]] = [
        (now, _message("estimation", event_id, rank=0, queue_size=1, rank_eta=outcome.delay)),
        (now, _message("process_starts", event_id, eta=outcome.delay)),
    ]
    shown = outcome.values[: len(outcome.values) if outcome.error or outcome.lost else -1]
    before: list[Any] | None = None
    at = now
    for values in shown:
        at += outcome.delay
        data = (
            list(values)
            if before is None
            else [_edit(*pair) for pair in zip(before, values, strict=True)]
        )
        output = {"data": data, "is_generating": True, "duration": outcome.delay}
        due.append((at, _message("process_generating", event_id, output=output, success=True)))
        before = list(values)
    at += outcome.delay
    if outcome.error is not None:
        output = {"error": outcome.error, "title": outcome.title, "visible": True, "duration": 10.0}
        end = _completed(event_id, output, success=False, title=outcome.title)
    elif outcome.lost:
        return Job(event_id, fn_index, due, breaks=True)
    else:
        output = {"data": outcome.result, "is_generating": False, "duration": at - now}
        end = _completed(event_id, output, success=True)
    return Job(event_id, fn_index, [*due, (at, end)])


async def call_events(outcome: Outcome) -> AsyncIterator[bytes]:
    """The events of a job of the simple call API."""
    failing = outcome.error is not None or outcome.lost
    for values in outcome.values if failing else outcome.values[:-1]:
        await anyio.sleep(outcome.delay)
        yield Event.json_of("generating", list(values)).encoded()
    await anyio.sleep(outcome.delay)
    if outcome.lost:
        raise NetworkError(LOST)
    if outcome.error is None:
        yield Event.json_of("complete", outcome.result).encoded()
    else:
        yield Event.json_of("error", error_body(outcome)).encoded()


def error_body(outcome: Outcome) -> dict[str, Any]:
    """The error of a job as /run and /call tell it."""
    return {"error": outcome.error, "title": outcome.title, "visible": True, "duration": 10.0}


def _message(kind: str, event_id: str, **fields: Any) -> dict[str, Any]:
    return {"msg": kind, "event_id": event_id, **fields}


def _completed(event_id: str, output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return _message("process_completed", event_id, output=output, **fields)


def _edit(before: Any, after: Any) -> list[Any]:
    return [] if before == after else [["replace", [], after]]
